package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/bff/token"
	"vestibule/internal/settings"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// TestAKeyOfAnotherSecretMakesAnInstanceUnready: from its turn on this process cannot sign
// with it. Before, only alerts see it.
func TestAKeyOfAnotherSecretMakesAnInstanceUnready(t *testing.T) {
	onConsole(t, func(c *console) {
		env := with(testEnv(c.T), settings.Environment{"DATABASE_URL": c.env["DATABASE_URL"], "BETTER_AUTH_SECRET": goodSecret, "JWT_ALGORITHM": "EdDSA"})
		i := start(c.T, "serve", env)
		admin := i.log.url("admin")
		is := func(what string, ready, healthy int) {
			c.Helper()
			waittest.Until(c.T, what, func() bool {
				return waittest.Status(admin+"/readyz") == ready && waittest.Status(admin+"/healthz") == healthy
			})
		}
		is("its own key", http.StatusOK, http.StatusOK)
		id := c.addForeignKey(time.Now().Add(time.Hour))
		is("the next key is of another secret", http.StatusOK, http.StatusServiceUnavailable)
		_, body := request(c.T, http.DefaultClient, http.MethodGet, admin+"/healthz", "")
		if !strings.Contains(body, `"bff":"ok"`) || !strings.Contains(body, `"keys":"failing"`) {
			c.Errorf("healthz: got %s, want it to name the keys", body)
		}
		logged := func(text string) {
			c.Helper()
			waittest.Until(c.T, "a line in the log: "+text, func() bool { return strings.Count(i.log.String(), `"msg":"`+text) == 1 })
		}
		logged("the next signing key cannot be used")
		c.execute(`UPDATE jwks SET "signsAt" = "createdAt" WHERE id = '` + id + `'`)
		is("the turn of this key", http.StatusServiceUnavailable, http.StatusServiceUnavailable)
		_, body = request(c.T, http.DefaultClient, http.MethodGet, admin+"/readyz", "")
		if !strings.Contains(body, `"database":"ok"`) || !strings.Contains(body, `"keys":"failing"`) {
			c.Errorf("readyz: got %s, want it to name the keys", body)
		}
		logged("the signing key cannot be used")
		c.do("", 0, "keys", "retire", "--now", id)
		is("it has ended", http.StatusOK, http.StatusOK)
		logged("signing keys are up to date again")
		logged("the next signing key cannot be used")
		logged("the signing key cannot be used")
	})
}

// addForeignKey adds a key that the secret of no process opens.
func (c *console) addForeignKey(signsAt time.Time) (id string) {
	c.Helper()
	cfg := token.Config{Algorithm: "EdDSA", Secret: []byte(strings.ToUpper(goodSecret)), Now: time.Now}
	change, key, err := cfg.Rotate(nil)
	if err != nil {
		c.Fatal(err)
	}
	signsAt = signsAt.UTC().Truncate(time.Millisecond)
	change.Add[0].SignsAt = &signsAt
	if err := c.open().ChangeKeys(c.Context(), func([]store.Key) (store.KeyChange, error) { return change, nil }); err != nil {
		c.Fatal(err)
	}
	return key.ID
}
