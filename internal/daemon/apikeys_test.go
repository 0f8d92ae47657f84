package daemon

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/testclock"
	"vestibule/internal/tokentest"
	"vestibule/internal/waittest"
)

// TestKeysThatCannotBeFetchedFailHealth, long before a new key signs. The keys that are known
// still verify, so the instance stays in service.
func TestKeysThatCannotBeFetchedFailHealth(t *testing.T) {
	keys := &tokentest.Publisher{}
	key := tokentest.NewEdKey(t)
	published := tokentest.JWK(t, "one", key)
	keys.Publishes(published)
	issuer := httptest.NewServer(keys)
	t.Cleanup(issuer.Close)
	c := mustLoad(t, settings.ForAPI, settings.Environment{
		"DATABASE_URL": storetest.SQLiteURL(t), "API_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0",
		"JWT_ALGORITHM": "EdDSA", "JWKS_URL": issuer.URL + "/jwks",
	})
	clock := testclock.At(tokentest.Noon)
	c.API.Now = clock.Now
	api, admin, log := runAPI(t, c)

	is := func(what string, ready, healthy int, check string) {
		t.Helper()
		waittest.Until(t, what, func() bool { return waittest.Status(admin+"/readyz") == ready })
		waittest.Until(t, what, func() bool { return waittest.Status(admin+"/healthz") == healthy })
		if _, body := get(t, admin+"/healthz", ""); !strings.Contains(body, check) || strings.Count(body, `"failing"`) > 2 {
			t.Errorf("%s: got %s, want %s and no other check that fails", what, body, check)
		}
	}
	// A token with an unknown key makes the API ask for keys at once.
	ask := func() {
		t.Helper()
		before := keys.Fetches.Load()
		token := tokentest.MintWith(t, jwt.SigningMethodEdDSA, key, map[string]any{"kid": "two"}, tokentest.GoodClaims(tokentest.Ada))
		if code, body := get(t, api+"/api/"+tokentest.Ada+"/tasks", token); code != http.StatusUnauthorized {
			t.Errorf("a token with an unknown key: got %d %s, want 401", code, body)
		}
		if keys.Fetches.Load() == before {
			t.Error("the API has not asked for keys")
		}
	}
	is("with keys", http.StatusOK, http.StatusOK, `"api":"ok"`)
	keys.Fails(http.StatusBadGateway)
	ask()
	is("soon after", http.StatusOK, http.StatusOK, `"api":"ok"`)
	clock.Advance(3 * time.Minute)
	is("after minutes", http.StatusOK, http.StatusServiceUnavailable, `"api":"failing"`)
	log.Want(t, "verification keys from JWKS_URL "+issuer.URL+"/jwks are 3m0s old, check what answers there: ")
	keys.Publishes(published)
	ask()
	is("with keys again", http.StatusOK, http.StatusOK, `"api":"ok"`)
}

// runAPI runs a process with an API until the test ends.
func runAPI(t *testing.T, c *settings.Settings) (api, admin string, out *logBuffer) {
	t.Helper()
	out = &logBuffer{}
	log := slog.New(slog.NewTextHandler(out, nil))
	at, err := openListeners(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(at.close)
	metrics := newMetrics()
	db, err := openStore(t.Context(), c, metrics, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p, err := join(t.Context(), c, at, db, observers{metrics: metrics}, log)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	ctx := t.Context() // ends before the clean-up
	go func() { ended <- p.run(ctx) }()
	t.Cleanup(func() {
		if err := waittest.Receive(t, "the end of the process", ended); err != nil {
			t.Error(err)
		}
	})
	return at.api.url(), at.admin.url(), out
}

func get(t *testing.T, url, token string) (code int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
