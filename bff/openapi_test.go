package bff_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
	"vestibule/bff/route"
	"vestibule/internal/opaque"
	"vestibule/internal/openapitest"
	"vestibule/internal/storetest"
)

// contract is the document. Every answer in this package's tests must match it.
var contract = openapitest.MustLoad(bff.OpenAPI)

func TestMain(m *testing.M) {
	os.Exit(openapitest.Main(m, contract, map[string]string{
		"500": "an internal error",
		"408": "takes 30 seconds; internal/web has the test",
		"502": "bff/proxy has the test",
		"504": "bff/proxy has the test",

		"GET /{page} 412": "bff/frontend has the test",
		"GET /{page} 416": "bff/frontend has the test",
		"GET /{page} 503": "bff/frontend has the test",
	}))
}

func TestRoutesAndDocumentAreTheSame(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.ExposeToken = true })
	var routes []string
	for _, method := range route.Methods() { // routes() finds these before the router
		routes = append(routes, method+" "+route.DefaultPath+"{path}")
	}
	for _, routed := range openapitest.RoutesOf(t, s.server.Routes()) {
		if routed == "* *" { // the app, which has its own tests
			routes = append(routes, "GET /{page}", "HEAD /{page}")
		} else {
			routes = append(routes, routed)
		}
	}
	slices.Sort(routes)
	if diff := cmp.Diff(contract.Routes(), routes); diff != "" {
		t.Errorf("openapi.json and routes.go differ (-document +routes):\n%s", diff)
	}
}

// TestExampleFilesAreServed: readers try the example of a {file}, so it must exist.
func TestExampleFilesAreServed(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(bff.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	v := newSite(t, storetest.SQLite(t)).visitor()
	tried := 0
	for path, item := range document.Paths.Map() {
		if !strings.Contains(path, "{file}") {
			continue
		}
		file := item.Get.Parameters.GetByInAndName("path", "file")
		if file == nil {
			file = item.Parameters.GetByInAndName("path", "file")
		}
		v.want(v.do("GET", strings.Replace(path, "{file}", file.Example.(string), 1), ""), 200, "")
		tried++
	}
	if tried != 2 {
		t.Errorf("tried %d files, want one of the documentation and one of the pages behind links", tried)
	}
}

// operations returns the operations of the document that a test can call directly. These are
// all but those of the proxy, which need an API, and of the app.
func operations() []string {
	var list []string
	for _, route := range contract.Routes() {
		if !strings.Contains(route, "/api/proxy/") && !strings.Contains(route, "{page}") && !strings.HasPrefix(route, "HEAD ") {
			list = append(list, route)
		}
	}
	return list
}

// TestBadBodiesAreRefusedEverywhere: at every operation that reads a body.
func TestBadBodiesAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	for _, route := range operations() {
		example := contract.Body(t, route)
		if example == "" {
			continue
		}
		t.Run(route, func(t *testing.T) {
			method, path, _ := strings.Cut(route, " ")
			for _, tt := range []struct {
				status     int
				code, body string
				header     []string
			}{
				{400, "BAD_REQUEST", `{"a":1,"a":2}`, nil},
				{403, "INVALID_ORIGIN", example, []string{"Origin", "https://evil.example"}},
				{403, "INVALID_CALLBACK_URL", `{"callbackURL":"https://evil.example/"}`, nil},
				{400, "BAD_REQUEST", `{"a":[` + strings.Repeat("0,", 100) + `0]}`, nil},
				{400, "BAD_REQUEST", strings.Repeat(`{"a":`, 20) + "{}" + strings.Repeat("}", 20), nil},
				{413, "BODY_TOO_LARGE", `{"a":"` + strings.Repeat("a", 32<<10) + `"}`, nil},
				{415, "UNSUPPORTED_MEDIA_TYPE", example, []string{"Content-Type", "text/plain"}},
				{415, "UNSUPPORTED_MEDIA_TYPE", example, []string{"Content-Encoding", "gzip"}},
			} {
				v.want(v.do(method, path, tt.body, tt.header...), tt.status, `"code":"`+tt.code+`"`)
			}
			if !v.signedIn() {
				t.Error("a refused request has ended the session")
			}
		})
	}
}

// TestEveryOperationWithoutADatabase: each operation that needs the database answers 503.
func TestEveryOperationWithoutADatabase(t *testing.T) {
	t.Parallel()
	server, db := ownServer(t)
	s := newSite(t, db, func(c *bff.Config) { c.ExposeToken, c.JWTAlgorithm = true, "EdDSA" })
	v := s.visitor()
	v.signUp("ada@example.com")
	raw := v.userToken()
	server.Stop(t)
	s.clock.Set(s.clock.Now().Add(time.Minute)) // later than the cache of sessions
	for _, route := range operations() {
		method, path, _ := strings.Cut(route, " ")
		if !contract.Has(route, 503) {
			continue
		}
		if path == userInfoPath {
			v.want(s.userInfo(raw), 503, "temporarily_unavailable")
			continue
		}
		if method == "POST" && strings.HasPrefix(path, "/api/auth/oauth2/") {
			s.refused(v.do(method, path, "client_id=svc_a&client_secret=b", "Content-Type", "application/x-www-form-urlencoded"), 503, "temporarily_unavailable", "unavailable")
			continue
		}
		token := opaque.NewToken()
		path = strings.Replace(path, "{token}", token, 1) + "?callbackURL=/welcome&token=" + token
		t.Run(route, func(t *testing.T) {
			if a := v.do(method, path, contract.Body(t, route)); a.status != 503 || !strings.Contains(a.body, "STORE_UNAVAILABLE") {
				t.Errorf("got %d %s, want 503 STORE_UNAVAILABLE", a.status, a.body)
			}
		})
	}
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		v.want(v.do(method, "/api/proxy/x", ""), 503, "STORE_UNAVAILABLE")
	}
}

func TestTheProxyRefusesWithEveryMethod(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v, stranger := s.visitor(), s.visitor()
	v.signUp("ada@example.com")
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		v.want(v.do(method, "/api/proxy/x", ""), 200, method)
		v.want(v.do(method, "/api/proxy/a%2Fb", ""), 400, "INVALID_PATH")
		stranger.want(stranger.do(method, "/api/proxy/x", ""), 401, "NO_SESSION")
		if method == "GET" {
			v.want(v.do(method, "/api/proxy/x", "", "Connection", "Upgrade", "Upgrade", "websocket", "Origin", "https://evil.example"), 403, "INVALID_ORIGIN")
			continue
		}
		v.want(v.do(method, "/api/proxy/x", "", "Origin", "https://evil.example"), 403, "INVALID_ORIGIN")
		v.want(v.do(method, "/api/proxy/x", strings.Repeat("a", 1<<20+1)), 413, "BODY_TOO_LARGE")
	}
}

// TestOtherNamesOfEndpointsAreLimited: those that no other test exhausts.
func TestOtherNamesOfEndpointsAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.signUp("ada@example.com")
	v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 422, "USER_ALREADY_EXISTS")
	for i := 0; ; i++ {
		a := v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"wrong horse"}`)
		if a.status == 429 {
			break
		}
		if v.want(a, 401, ""); i > 100 {
			t.Fatal("got no 429")
		}
	}
	v.wantTooMany(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`))
	for range 10 {
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"wrong horse"}`), 400, "")
	}
	v.wantTooMany(v.do("POST", "/api/auth/change-password", `{"currentPassword":"paper-lantern-42","newPassword":"another horse"}`))
	for range 5 {
		v.want(v.do("POST", "/api/auth/change-email", `{"newEmail":"bob@example.com"}`), 200, "")
	}
	v.wantTooMany(v.do("POST", "/api/auth/change-email", `{"newEmail":"bob@example.com"}`))
	for i := range 58 {
		v.want(v.do("POST", "/api/auth/signup", `{"email":"u`+strconv.Itoa(i)+`@example.com","password":"paper-lantern-42"}`), 200, "")
	}
	v.wantTooMany(v.do("POST", "/api/auth/signup", `{"email":"last@example.com","password":"paper-lantern-42"}`))
	v.wantTooMany(v.do("POST", "/api/auth/sign-up/email", `{"email":"last@example.com","password":"paper-lantern-42"}`))
}

// TestTheDocumentIsServed: the document and the other answers that need no database.
func TestTheDocumentIsServed(t *testing.T) {
	t.Parallel()
	v := newSite(t, storetest.SQLite(t)).visitor()
	a := v.want(v.do("GET", "/api/openapi.json", ""), 200, string(bff.OpenAPI))
	v.want(v.do("GET", "/api/openapi.json", "", "If-None-Match", a.header.Get("Etag")), 304, "")
	v.want(v.do("GET", "/api/docs", ""), 200, "/api/docs/start.js")
	a = v.want(v.do("GET", "/api/docs/start.js", ""), 200, "SwaggerUIBundle")
	v.want(v.do("GET", "/api/docs/start.js", "", "If-None-Match", a.header.Get("Etag")), 304, "")
	v.want(v.do("GET", "/api/docs/start.css", ""), 404, "NOT_FOUND")
	a = v.want(v.do("GET", "/", ""), 200, "<html")
	v.want(v.do("GET", "/", "", "If-None-Match", a.header.Get("Etag")), 304, "")
	v.want(v.do("GET", "/a%2Fb", ""), 400, "INVALID_PATH")
	v.want(v.do("GET", "/.well-known/jwks.json", ""), 200, `{"keys":[]}`)
	v.want(v.do("GET", "/api/auth/jwks", ""), 200, `{"keys":[]}`)
}
