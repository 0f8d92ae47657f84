package settings

import (
	"slices"
	"testing"
	"time"
)

func TestServeLeavesTheTaskAPIOutInFrontOfAnotherAPI(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env           Environment
		foreign, runs bool
	}{
		"nothing set":                  {nil, false, true},
		"the task API":                 {Environment{"BACKEND_URL": "http://localhost:8000"}, false, true},
		"its number":                   {Environment{"BACKEND_URL": "http://127.0.0.1:8000/"}, false, true},
		"its IPv6 number":              {Environment{"BACKEND_URL": "http://[::1]:8000"}, false, true},
		"at its own address":           {Environment{"BACKEND_URL": "http://localhost:8100", "API_ADDR": "localhost:8100"}, false, true},
		"at port 80":                   {Environment{"BACKEND_URL": "http://localhost", "API_ADDR": "localhost:80"}, false, true},
		"another port":                 {Environment{"BACKEND_URL": "http://localhost:8001"}, true, false},
		"another machine":              {Environment{"BACKEND_URL": "http://api.internal:8000"}, true, false},
		"TLS, which it does not have":  {Environment{"BACKEND_URL": "https://localhost:8000"}, true, false},
		"a path that it does not have": {Environment{"BACKEND_URL": "http://localhost:8000/v2"}, true, false},
		"a balancer in front of it":    {Environment{"BACKEND_URL": "http://api.internal", "API_ADDR": "10.0.0.7:8000"}, true, true},
		"routes past it":               {Environment{"ROUTES": `[{"path":"/api/a/","upstream":"http://localhost:9/","audience":"a"}]`}, true, false},
		"a route to it":                {Environment{"ROUTES": `[{"path":"/api/a/","upstream":"http://localhost:9/","audience":"a"},{"path":"/api/b/"}]`}, false, true},
		"a route to its address":       {Environment{"ROUTES": `[{"path":"/api/a/","upstream":"http://localhost:8000/api/","audience":"a"}]`}, false, true},
		"a route to the other one":     {Environment{"ROUTES": `[{"path":"/api/b/"}]`, "BACKEND_URL": "http://localhost:8001"}, true, false},
		"the default, but set":         {Environment{"BACKEND_URL": "http://localhost:8001", "API_ADDR": "localhost:8000"}, true, true},
	} {
		c := mustLoad(t, ForServe, tt.env)
		if c.ForeignAPI != tt.foreign || (c.APIAddr != "") != tt.runs {
			t.Errorf("%s: got foreign %t and API_ADDR %q, want %t and a task API: %t", name, c.ForeignAPI, c.APIAddr, tt.foreign, tt.runs)
		}
	}
	if c := mustLoad(t, ForBFF, Environment{"BACKEND_URL": "http://api.internal"}); c.ForeignAPI {
		t.Error("vestibule bff: got a foreign API, want no difference")
	}
}

// What only the task API reads is neither needed nor wrong when it does not run.
func TestNothingIsAskedForATaskAPIThatDoesNotRun(t *testing.T) {
	t.Parallel()
	own := Environment{"BACKEND_URL": "http://localhost:9999", "BETTER_AUTH_SECRET": goodSecret}
	c := mustLoad(t, ForServe, with(own, Environment{
		"BASE_URL": "http://app.internal", "BFF_ADDR": "localhost:3000",
		"ADMIN_ADDR":     "localhost:8000",               // where the task API would listen
		"JWKS_URL":       "https://app.example.com/jwks", // which HS256 does not allow
		"TASKS_PER_USER": "5",
		"JWT_ISSUERS":    `[{"issuer":"https://a.example","jwks_url":"https://a.example/jwks","audience":"x","algorithm":"ES256","scopes":["tasks:read"]}]`,
	}))
	if want := []string{"TASKS_PER_USER", "JWKS_URL", "JWT_ISSUERS"}; !slices.Equal(c.Unread, want) {
		t.Errorf("got unread %v, want %v", c.Unread, want)
	}
	if c.NetworkJWKS || len(c.API.Issuers) > 0 || c.DrainDelay != 0 {
		t.Errorf("got NetworkJWKS %t, issuers %v, DRAIN_DELAY %v; want those of no task API", c.NetworkJWKS, c.API.Issuers, c.DrainDelay)
	}
	if c := mustLoad(t, ForServe, with(own, Environment{"BFF_ADDR": ":3000"})); c.DrainDelay != 5*time.Second {
		t.Errorf("a public BFF: got DRAIN_DELAY %v", c.DrainDelay)
	}
	if found := loadFaults(t, ForServe, with(own, Environment{"API_ADDR": "localhost:8000", "ADMIN_ADDR": "localhost:8000"})); len(found) != 1 {
		t.Errorf("a task API that runs, with the address of the admin server: got %v, want one fault", found)
	}
}
