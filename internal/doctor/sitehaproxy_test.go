package doctor

import (
	"testing"
	"time"

	"vestibule/internal/haproxytest"
	"vestibule/internal/recipetest"
	"vestibule/internal/testtls"
)

// TestAHealthySiteBehindHAProxyHasNoFinding runs the configuration of docs/deploy.md.
func TestAHealthySiteBehindHAProxyHasNoFinding(t *testing.T) {
	t.Parallel()
	r := serve(t, "https://app.example.com", nil)
	authority := testtls.NewAuthority(t)
	crt, key := certificate(t, authority, "app.example.com", -time.Hour, 90*24*time.Hour)
	address := freeAddr(t)
	haproxytest.Start(t, recipetest.Edited(t, recipetest.Block(t, "../../docs/deploy.md", "HAProxy", "haproxy"),
		"bind :443 ", "bind "+address+" ", "/etc/haproxy/app.pem", testtls.Joined(t, crt, key),
		"    option httpchk GET /readyz\n    http-check expect status 200\n", "",
		"    default-server check port 9090 inter 2s fall 3 rise 2\n", "",
		"10.0.0.11:3000", r.at["BFF_ADDR"], "    server b 10.0.0.12:3000\n", ""))
	wantGood(t, fromOutside(t, inFrontOf(t, r, authority, map[string]string{"443": address})))
}
