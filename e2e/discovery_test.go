package e2e

import (
	"encoding/json"
	"testing"
)

// TestLibrariesConfigureThemselves: openid-client and Authlib are given our origin and the
// credentials of a client, and find the rest in the discovery document. JWT_ISSUER is as
// docs/api.md tells for libraries that compare iss.
func TestLibrariesConfigureThemselves(t *testing.T) {
	t.Parallel()
	front := newTLSFront(t)
	p := launch(t, shapes[0], "BASE_URL="+front.base, "TRUSTED_PROXIES=127.0.0.1", "JWT_ISSUER="+front.base, "JWT_ALGORITHM=EdDSA")
	front.leadsTo(t, p.bff)
	id, secret := p.client("order-import", "--scope=orders:read", "--audience=orders")
	env := []string{"BASE_URL=" + front.base, "CLIENT_ID=" + id, "CLIENT_SECRET=" + secret}

	t.Run("openid-client", func(t *testing.T) {
		runSuite(t, clientSuite{folder: "oauth"}, append(env, "NODE_EXTRA_CA_CERTS="+front.ca)...)
	})
	t.Run("Authlib", func(t *testing.T) {
		interpreter, program := python(t, "discovery.py")
		s := start(t, interpreter, t.TempDir(), append(env, "REQUESTS_CA_BUNDLE="+front.ca), program)
		if code := s.wait(); code != 0 {
			t.Fatalf("got exit code %d:\n%s", code, s.log)
		}
		var got struct {
			Issuer, Scope string
			Before, After struct {
				Active   bool
				Scope    string
				ClientID string `json:"client_id"`
			}
			Revoked int
		}
		if err := json.Unmarshal([]byte(s.log.String()), &got); err != nil {
			t.Fatalf("%v in %s", err, s.log)
		}
		if got.Issuer != front.base || got.Scope != "orders:read" || !got.Before.Active || got.Before.Scope != "orders:read" ||
			got.Before.ClientID != id || got.Revoked != 200 || got.After.Active {
			t.Errorf("got %s", s.log)
		}
	})
}
