package e2e

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// fleet is two BFFs and a task API on one PostgreSQL, which are replaced one by one. Each
// new process is ready before the old one stops.
type fleet struct {
	product
	origin string
	bffs   [2]atomic.Pointer[url.URL]
	api    atomic.Pointer[url.URL]
	roles  [3]*process // bff, bff, api
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{product: product{t: t, dir: t.TempDir(), database: storetest.PostgresURL(t)}}
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(f.bffs[0].Load()) }})
	t.Cleanup(front.Close)
	f.origin = front.URL
	return f
}

// replace starts a process of this role and stops the one before it.
func (f *fleet) replace(role int, backend string, secrets []string) {
	f.t.Helper()
	addr := freeAddrs(f.t, 2)
	at := &url.URL{Scheme: "http", Host: addr[0]}
	env := append([]string{"DATABASE_URL=" + f.database, "BASE_URL=" + f.origin, "RATE_LIMIT=off", "LOG_FORMAT=json", "ADMIN_ADDR=" + addr[1]}, secrets...)
	command := "bff"
	if role == len(f.bffs) {
		command = "api"
		env = append(env, "API_ADDR="+addr[0])
	} else {
		env = append(env, "BFF_ADDR="+addr[0], "BACKEND_URL="+backend)
	}
	f.admin = append(f.admin, "http://"+addr[1])
	p := start(f.t, binary(f.t, build.race), f.dir, env, command)
	f.processes = append(f.processes, p)
	f.waitReady(len(f.admin) - 1)
	if role == len(f.bffs) {
		f.api.Store(at)
	} else {
		f.bffs[role].Store(at)
	}
	old := f.roles[role]
	f.roles[role] = p
	if old != nil {
		if code := old.stop(); code != 0 {
			f.t.Errorf("got exit code %d from the old process", code)
		}
	}
}

// TestAChangeOfTheSecretCostsNothing: with HS256, where the BFFs and the API share the secret,
// in three steps, under load. No request fails, and nobody is signed out, although the users
// send nothing but requests through the proxy.
func TestAChangeOfTheSecretCostsNothing(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	api := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(f.api.Load()) }})
	t.Cleanup(api.Close)
	newSecret := strings.Repeat("0123456789abcdef", 2) + secret[:32]
	step := func(secrets ...string) {
		t.Helper()
		for _, role := range []int{0, 2, 1} {
			f.replace(role, api.URL, secrets)
		}
	}
	step("BETTER_AUTH_SECRET=" + secret)
	l := newCrowd(t, f.origin, 4, func(n int) string { return f.bffs[n%2].Load().String() })
	l.changing = true
	old := slices.Clone(l.cookies)
	stop := l.begin()
	step("BETTER_AUTH_SECRET="+secret, "BETTER_AUTH_SECRET_PREVIOUS="+newSecret)
	step("BETTER_AUTH_SECRET="+newSecret, "BETTER_AUTH_SECRET_PREVIOUS="+secret)
	for i := range old {
		waittest.Until(t, "the proxy has signed the cookie again", func() bool { return l.cookie(i) != old[i] })
	}
	if got := l.renew(f.bffs[0].Load().String()); got != 0 {
		t.Errorf("get-session has signed %d cookies again, want none", got)
	}
	step("BETTER_AUTH_SECRET=" + newSecret)
	stop()
	l.none(t)
}
