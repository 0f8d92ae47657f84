package doctor

import (
	"testing"
	"time"

	"vestibule/internal/caddytest"
	"vestibule/internal/nginxtest"
	"vestibule/internal/recipetest"
	"vestibule/internal/testtls"
)

// oneMachine returns a configuration of docs/deploy.md for one machine.
func oneMachine(t *testing.T, language string, oldNew ...string) string {
	t.Helper()
	return recipetest.Edited(t, recipetest.Block(t, "../../docs/deploy.md", "From an empty server to https", language), oldNew...)
}

// TestAHealthySiteOnOneMachineHasNoFinding runs the configurations of docs/deploy.md with a
// certificate of an authority of the test.
func TestAHealthySiteOnOneMachineHasNoFinding(t *testing.T) {
	t.Parallel()
	r := serve(t, "https://app.example.com", nil)
	authority := testtls.NewAuthority(t)
	crt, key := certificate(t, authority, "app.example.com", -time.Hour, 90*24*time.Hour)
	t.Run("nginx", func(t *testing.T) {
		t.Parallel()
		plain, encrypted := freeAddr(t), freeAddr(t)
		nginxtest.Start(t, nginxtest.Config{HTTP: oneMachine(t, "nginx",
			"listen 80;", "listen "+plain+";", "listen 443 ssl;", "listen "+encrypted+" ssl;",
			"/etc/letsencrypt/live/app.example.com/fullchain.pem", crt, "/etc/letsencrypt/live/app.example.com/privkey.pem", key,
			"127.0.0.1:3000", r.at["BFF_ADDR"])})
		wantGood(t, fromOutside(t, inFrontOf(t, r, authority, map[string]string{"80": plain, "443": encrypted})))
	})
	t.Run("Caddy", func(t *testing.T) {
		t.Parallel()
		encrypted := freeAddr(t)
		caddytest.StartBeside(t, "", oneMachine(t, "caddyfile",
			"app.example.com {\n", "https://app.example.com:"+encrypted[len("127.0.0.1:"):]+" {\n\tbind 127.0.0.1\n\ttls "+crt+" "+key+"\n",
			"127.0.0.1:3000", r.at["BFF_ADDR"]))
		wantGood(t, fromOutside(t, inFrontOf(t, r, authority, map[string]string{"443": encrypted})))
	})
}
