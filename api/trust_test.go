package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/api/bearer"
	"vestibule/internal/jose"
	"vestibule/internal/tokentest"
	"vestibule/internal/waittest"
)

// federation is the API with its own shared secret and three further issuers, one for each
// algorithm. Their kids collide.
type federation struct {
	*surface
	tokentest.Federation
}

func newFederation(tb testing.TB) *federation {
	tb.Helper()
	f := &federation{Federation: tokentest.NewFederation(tb)}
	cfg := sharedSecretConfig()
	cfg.Issuers = []bearer.Issuer{
		{Name: loginIssuer, Audience: "tasks", Algorithm: jose.EdDSA, JWKSURL: serve(tb, f.Login) + "/jwks", Scopes: []string{TasksRead}},
		{Name: batchIssuer, Audience: "tasks", Algorithm: jose.ES256, JWKSURL: serve(tb, f.Batch) + "/jwks", Scopes: []string{TasksRead, TasksWrite}},
		{Name: partnerIssuer, Audience: "tasks-of-partner", Algorithm: jose.RS256, JWKSURL: serve(tb, f.Partner) + "/jwks", Scopes: []string{TasksWrite}},
	}
	st := sqlite(tb)
	f.surface = startSurface(tb, cfg, Deps{Tasks: st.Tasks})
	f.store = st
	f.runs(tb)
	return f
}

func (f *federation) waitForKeys(tb testing.TB) {
	tb.Helper()
	for _, token := range []string{
		mintWith(tb, jwt.SigningMethodEdDSA, f.LoginKey, kidOne, foreignClaims(loginIssuer, "tasks", "", nil)),
		mintWith(tb, jwt.SigningMethodES256, f.BatchKey, kidOne, foreignClaims(batchIssuer, "tasks", "", nil)),
		mintWith(tb, jwt.SigningMethodRS256, f.PartnerKey, kidOne, foreignClaims(partnerIssuer, "tasks-of-partner", "", nil)),
	} {
		waittest.Until(tb, "keys", func() bool { return f.do(tb, "GET", "/api/me/tasks", "", auth(token)).StatusCode != 503 })
	}
}

var kidOne = map[string]any{"kid": "one"}

func TestFurtherIssuersOpenWhatTheyWereGiven(t *testing.T) {
	t.Parallel()
	f := newFederation(t)
	f.waitForKeys(t)
	const all = "tasks:read tasks:write"
	login := func(scope string, changes jwt.MapClaims) string {
		return mintWith(t, jwt.SigningMethodEdDSA, f.LoginKey, kidOne, foreignClaims(loginIssuer, "tasks", scope, changes))
	}
	batch := mintWith(t, jwt.SigningMethodES256, f.BatchKey, kidOne, foreignClaims(batchIssuer, "tasks", all, nil))
	partner := mintWith(t, jwt.SigningMethodRS256, f.PartnerKey, kidOne, foreignClaims(partnerIssuer, "tasks-of-partner", all, nil))
	const tooLittle = "Insufficient scope"
	for _, tc := range []struct {
		name, token, method, path string
		status                    int
		detail                    string
	}{
		{"EdDSA reads ada's", login(all, nil), "GET", "/api/" + ada + "/tasks", 200, ""},
		{"EdDSA reads bob's", login(all, nil), "GET", "/api/" + bob + "/tasks", 200, ""},
		{"what was not given stays closed", login(all, nil), "POST", "/api/" + ada + "/tasks", 403, tooLittle},
		{"a scope that was not given", login(TasksWrite, nil), "GET", "/api/" + ada + "/tasks", 403, tooLittle},
		{"no scope", login("", jwt.MapClaims{"scope": nil}), "GET", "/api/" + ada + "/tasks", 403, tooLittle},
		{"a malformed scope", login("", jwt.MapClaims{"scope": []string{TasksRead}}), "GET", "/api/" + ada + "/tasks", 401, "Invalid token"},
		{"without a kid", mintWith(t, jwt.SigningMethodEdDSA, f.LoginKey, nil, foreignClaims(loginIssuer, "tasks", all, nil)), "GET", "/api/" + ada + "/tasks", 200, ""},
		{"among other audiences", login(all, jwt.MapClaims{"aud": []string{"x", "tasks"}}), "GET", "/api/" + ada + "/tasks", 200, ""},
		{"ES256 writes", batch, "POST", "/api/" + ada + "/tasks", 201, ""},
		{"ES256 reads", batch, "GET", "/api/" + ada + "/tasks", 200, ""},
		{"RS256 writes", partner, "POST", "/api/" + bob + "/tasks", 201, ""},
		{"RS256 does not read", partner, "GET", "/api/" + bob + "/tasks", 403, tooLittle},
		{"our own users beside them", mint(t, ada), "GET", "/api/" + ada + "/tasks", 200, ""},
		{"our own services beside them", forge(plainHeader, strings.TrimSuffix(payloadWith("sub", `"svc_a"`), "}")+`,"scope":"tasks:read"}`, testSecret), "GET", "/api/" + ada + "/tasks", 200, ""},
	} {
		for _, round := range []string{"", ", once more"} { // the second time from memory
			t.Run(tc.name+round, func(t *testing.T) {
				body := ""
				if tc.method == "POST" {
					body = `{"title":"x"}`
				}
				res := f.do(t, tc.method, tc.path, body, auth(tc.token))
				if tc.detail != "" {
					res.isProblem(t, tc.status, tc.detail)
				} else if res.StatusCode != tc.status {
					t.Errorf("status: got %d, want %d (%s)", res.StatusCode, tc.status, res.body)
				}
			})
		}
	}
}

// TestAForeignSubjectIsNotOurUser: the ada of another issuer is not our ada.
func TestAForeignSubjectIsNotOurUser(t *testing.T) {
	t.Parallel()
	f := newFederation(t)
	f.waitForKeys(t)
	f.do(t, "POST", "/api/me/tasks", `{"title":"secret"}`, auth(mint(t, ada)))
	as := func(sub, scope string) http.Header {
		return auth(mintWith(t, jwt.SigningMethodES256, f.BatchKey, kidOne,
			foreignClaims(batchIssuer, "tasks", scope, jwt.MapClaims{"sub": sub, "act": map[string]string{"sub": ada}})))
	}
	for _, sub := range []string{ada, "me", "svc_a"} {
		f.do(t, "GET", "/api/me/tasks", "", as(sub, TasksRead)).is(t, 200, "[]")
		f.do(t, "POST", "/api/me/tasks", `{"title":"x"}`, as(sub, TasksWrite)).isProblem(t, 404, "User not found")
		f.do(t, "GET", "/api/"+ada+"/tasks", "", as(sub, "")).isProblem(t, 403, "Insufficient scope")
		f.log.Want(t, `"user":"`+batchIssuer+"|"+sub+`"`)
	}
	if strings.Contains(f.log.String(), `"user":"`+ada+`","act"`) {
		t.Error("the log takes a foreign subject for ada")
	}
	f.log.Want(t, `"act":"`+ada+`"`)
}
