package doctor

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestibule/internal/daemon"
	"vestibule/internal/freeport"
	"vestibule/internal/recipetest"
	"vestibule/internal/settings"
	"vestibule/internal/testlog"
	"vestibule/internal/testtls"
	"vestibule/internal/waittest"
)

// running is vestibule serve in this process. at has the address of each surface.
type running struct {
	base   string
	at     settings.Environment
	cookie string // of a user with a session
}

// freeAddr finds a loopback address that nothing listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// serve starts vestibule serve, as it runs behind a proxy on this machine.
func serve(t *testing.T, base string, more settings.Environment) *running {
	t.Helper()
	path := migratedFile(t)
	r := &running{base: base, at: settings.Environment{"BFF_ADDR": freeAddr(t), "API_ADDR": freeAddr(t), "ADMIN_ADDR": freeAddr(t), "FORWARD_AUTH_ADDR": freeAddr(t)}}
	e := env("sqlite:"+path, settings.Environment{"BASE_URL": base, "TRUSTED_PROXIES": "127.0.0.1", "JWT_ALGORITHM": "EdDSA", "MAIL_DIR": filepath.Join(filepath.Dir(path), "mail")})
	maps.Copy(r.at, more)
	maps.Copy(e, r.at)
	c, err := settings.Load(settings.ForServe, nil, e)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var log testlog.Buffer
	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(ctx, c, nil, &log, &log) }()
	t.Cleanup(func() {
		cancel()
		if err := waittest.Receive(t, "the end of the product", ended); err != nil {
			t.Errorf("got %v at the end:\n%s", err, &log)
		}
	})
	waittest.Until(t, "ready", func() bool { return waittest.Status("http://"+r.at["ADMIN_ADDR"]+"/readyz") == http.StatusOK })
	r.signUp(t)
	return r
}

// signUp makes a user, and keeps the cookie of their session.
func (r *running) signUp(t *testing.T) {
	t.Helper()
	res, err := http.Post("http://"+r.at["BFF_ADDR"]+"/api/auth/sign-up/email", "application/json", strings.NewReader(`{"email":"ada@example.com","password":"paper-lantern-42"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		r.cookie = c.Name + "=" + c.Value
	}
	if r.cookie == "" {
		t.Fatalf("got status %d without a cookie", res.StatusCode)
	}
}

// site returns the product at its BASE_URL, whose host is only known here. reach has the
// addresses that answer at the ports of this host.
func (r *running) site(t *testing.T, reach map[string]string) *Site {
	t.Helper()
	u, err := url.Parse(r.base)
	if err != nil {
		t.Fatal(err)
	}
	return &Site{
		URL: u, Cookie: r.cookie, BodyLimit: 10 << 20, quiet: waittest.Patience,
		Ports: map[string]string{"ADMIN_ADDR": "9090", "API_ADDR": "8000", "BFF_ADDR": "3000", "FORWARD_AUTH_ADDR": "9100"},
		dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, _ := net.SplitHostPort(address)
			to, is := reach[port]
			if !is {
				return nil, errors.New("connection refused")
			}
			return (&net.Dialer{}).DialContext(ctx, network, to)
		},
		lookup: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("203.0.113.7")}, nil
		},
	}
}

// fromOutside runs all checks of a site.
func fromOutside(t *testing.T, s *Site) (found []Result) {
	t.Helper()
	checks, closeAll := FromOutside(s)
	defer closeAll()
	if err := run(t.Context(), checks, limits{waittest.Patience, 0}, func(r Result) { found = append(found, r) }); err != nil {
		t.Fatal(err)
	}
	for _, r := range found {
		if s.Cookie != "" && strings.Contains(r.Text(), s.Cookie) {
			t.Errorf("got the cookie in %q", r.Text())
		}
		wantWhole(t, r)
	}
	return found
}

// bad returns what is not ok.
func bad(found []Result) (some []Result) {
	for _, r := range found {
		if r.State != OK {
			some = append(some, r)
		}
	}
	return some
}

// certificate writes a certificate of the authority for a host into files.
func certificate(t *testing.T, a *testtls.Authority, host string, from, until time.Duration) (crt, key string) {
	t.Helper()
	return testtls.Files(t, a.Issue(t, &x509.Certificate{DNSNames: []string{host, "www." + host}, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until)}))
}

// documentedNginx returns what docs/deploy.md says about nginx in front of the product: what is
// around the server, and what is in it except where it listens.
func documentedNginx(t *testing.T, r *running) (around, server string) {
	t.Helper()
	text := recipetest.Edited(t, recipetest.Block(t, "../../docs/deploy.md", "nginx", "nginx"),
		"server 10.0.0.11:3000 ", "server "+r.at["BFF_ADDR"]+" ",
		"    server 10.0.0.12:3000 max_fails=1 fail_timeout=2s;\n", "",
		"    listen 443 ssl;\n    ssl_certificate     /etc/nginx/app.crt;\n    ssl_certificate_key /etc/nginx/app.key;\n", "")
	around, server, found := strings.Cut(text, "\nserver {\n")
	server, closed := strings.CutSuffix(strings.TrimSpace(server), "}")
	if !found || !closed {
		t.Fatalf("the configuration has another form:\n%s", text)
	}
	return around, server + "\n"
}

// describe is for messages.
func describe(found []Result) string {
	text, _ := json.MarshalIndent(found, "", " ")
	return string(text)
}
