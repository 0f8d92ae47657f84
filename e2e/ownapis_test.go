package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestibule/internal/quicktest"
)

// ownAPIs are the backends of docs/backend.md as three APIs behind one `vestibule bff`. Each has
// an audience of its own, and beside whoami what testdata/apis has for its language:
//
//   - FastAPI: GraphQL, server-sent events, and a greeting, for guests too
//   - Express: a WebSocket chat, files that are in a storage, and a public path
//   - Go: uploads
type ownAPIs struct {
	*product
	addresses map[string]string // of the APIs, by their names
	storage   *upstream
}

// uploadLimit is the limit of a route, in bytes.
const uploadLimit = 200_000_000

// routes is the file of the routes. There is one to each API for the audience of each API: only
// one of the three has tokens that the API takes.
func (a *ownAPIs) routes() (all []map[string]any) {
	for name := range a.addresses {
		for audience := range a.addresses {
			all = append(all, map[string]any{
				"path": "/api/proxy/tokens/" + name + "/" + audience + "/", "upstream": a.addresses[name] + "/api/",
				"audience": strings.ToLower(audience), "scope": "orders:read", "paths": []string{"whoami", "orders"},
			})
		}
	}
	fastAPI, express := a.addresses["FastAPI"]+"/api/", a.addresses["Express"]+"/api/"
	return append(all,
		map[string]any{"path": "/api/proxy/app/", "upstream": fastAPI, "audience": "fastapi", "paths": []string{"graphql", "events"}},
		map[string]any{"path": "/api/proxy/hello/", "upstream": fastAPI, "audience": "fastapi", "session": "optional", "paths": []string{"greeting"}},
		map[string]any{"path": "/api/proxy/chat/", "upstream": express, "audience": "express", "websocket": true},
		map[string]any{"path": "/api/proxy/quiet/", "upstream": express, "audience": "express"},
		map[string]any{"path": "/api/proxy/mistaken/", "upstream": express, "audience": "go", "websocket": true},
		map[string]any{"path": "/api/proxy/files/", "upstream": express + "files/", "audience": "express", "redirects": []string{strings.TrimPrefix(a.storage.url, "http://")}},
		map[string]any{"path": "/api/proxy/public/", "upstream": express + "public/", "session": "none"},
		map[string]any{"path": "/api/proxy/go/", "upstream": a.addresses["Go"] + "/api/", "audience": "go", "body_limit": uploadLimit},
	)
}

func startOwnAPIs(t *testing.T) *ownAPIs {
	t.Helper()
	a := &ownAPIs{storage: newUpstream(t)}
	a.storage.url = strings.Replace(a.storage.url, "127.0.0.1", "localhost", 1) // not the BFF's host: it would get its cookies
	program := func(language, name string) string { return extended(t, language, strings.ToLower(name)) }
	a.addresses = startDocumented(t, buildDocumented(t, program("go", "Go"), more(t, "go")), program,
		"JWT_ALGORITHM=HS256", "BETTER_AUTH_SECRET="+secret, "STORAGE_URL="+a.storage.url)
	text, err := json.Marshal(a.routes())
	if err != nil {
		t.Fatal(err)
	}
	a.product = launch(t, shape{bff: true}, "JWT_ALGORITHM=HS256", "ROUTES_FILE="+write(t, t.TempDir(), "routes.json", string(text)))
	return a
}

// extended returns the program of docs/backend.md in a language, for an audience, together with
// what testdata/apis has. In Go that is a file of its own.
func extended(t testing.TB, language, audience string) string {
	t.Helper()
	text := programOf(t, language, audience)
	for old, now := range map[string]map[string]string{
		"go": {
			`Audience:  "go",`:                 `Audience: "go", Scopes: []string{"orders:read"},`,
			"\tlog.Fatal(http.ListenAndServe(": "\tmore(api)\n\tlog.Fatal(http.ListenAndServe(",
		},
		"js": {"app.listen(": "const server = app.listen("},
	}[language] {
		if n := strings.Count(text, old); n != 1 {
			t.Fatalf("the program of docs/backend.md in %s has %q %d times, want once", language, old, n)
		}
		text = strings.Replace(text, old, now, 1)
	}
	if language == "go" {
		return text
	}
	return text + more(t, language)
}

// more returns what testdata/apis has for the backend in a language.
func more(t testing.TB, language string) string {
	t.Helper()
	ending := map[string]string{"python": ".py", "js": ".mjs", "go": ".go"}[language]
	text, err := os.ReadFile(filepath.Join("testdata", "apis", "more"+ending))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestOneBFFIsInFrontOfSeveralAPIs in three languages, with what apps do with them.
func TestOneBFFIsInFrontOfSeveralAPIs(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "Python and Node.js")
	a := startOwnAPIs(t)
	ada, bob := newBrowser(t, a.bff), newBrowser(t, a.bff)
	adaID, bobID := ada.signUp("ada@example.com"), bob.signUp("bob@example.com")
	t.Run("each API takes its own tokens only", func(t *testing.T) { a.tokens(t, ada, adaID) })
	t.Run("a service calls each API with its own token", a.services)
	t.Run("GraphQL", func(t *testing.T) { a.graphQL(t, ada, bob, adaID) })
	t.Run("server-sent events", func(t *testing.T) { a.events(t, ada, adaID) })
	t.Run("a redirect to a storage", func(t *testing.T) { a.redirects(t, ada) })
	t.Run("a public route", func(t *testing.T) { a.public(t, ada) })
	t.Run("a route with an optional session", func(t *testing.T) { a.optional(t, ada, adaID) })
	t.Run("a large upload", func(t *testing.T) { a.upload(t, ada) })
	t.Run("a WebSocket chat", func(t *testing.T) { a.chat(t, ada, bob, adaID, bobID) }) // ada signs out
}

func (a *ownAPIs) tokens(t *testing.T, b *browser, id string) {
	for name := range a.addresses {
		for audience := range a.addresses {
			path := a.bff + "/api/proxy/tokens/" + name + "/" + audience + "/"
			if name == audience {
				b.want(b.send("GET", path+"whoami", ""), 200, id)
				b.want(b.send("GET", path+"orders", ""), 200, id)
				b.want(b.send("GET", path+"other", ""), 404, "NOT_FOUND")
			} else {
				b.want(b.send("GET", path+"whoami", ""), 502, "UPSTREAM_REJECTED_TOKEN")
			}
		}
	}
}

// services calls the APIs directly, with tokens of one API and one scope.
func (a *ownAPIs) services(t *testing.T) {
	id, secret := a.client("import", "--scope=orders:read,orders:write", "--audience=go,fastapi,express")
	b := newBrowser(t, a.bff)
	for audience := range a.addresses {
		params := "grant_type=client_credentials&audience=" + strings.ToLower(audience) + "&scope=orders:"
		reads := "Bearer " + a.accessToken(a.grant(id, secret, params+"read"))
		writes := "Bearer " + a.accessToken(a.grant(id, secret, params+"write"))
		for name, address := range a.addresses {
			if name == audience {
				b.want(b.sendRaw("GET", address+"/api/orders", "", "Authorization", reads), 200, id)
				b.want(b.sendRaw("GET", address+"/api/orders", "", "Authorization", writes), 403, "Insufficient scope")
			} else {
				b.want(b.sendRaw("GET", address+"/api/orders", "", "Authorization", reads), 401, "Invalid token")
			}
		}
	}
}
