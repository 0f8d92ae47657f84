package doctor

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"vestibule/internal/nginxtest"
	"vestibule/internal/recipetest"
	"vestibule/internal/testtls"
)

// fault is a mistake in the configuration of nginx or around it, and what the doctor must say.
// Nothing else may be found.
type fault struct {
	server, location string            // directives that are added
	oldNew           []string          // what is replaced in the configuration of docs/deploy.md
	url              string            // "": BASE_URL
	reach            map[string]string // what answers at further ports of the host
	cert             int               // which certificate
	quiet            time.Duration     // how long a stream may be silent

	check         string
	state         State
	setting, text string
}

// behindNginx has the faults. Their names are what is wrong.
func behindNginx(r *running, plain string) map[string]fault {
	const upgrade = "        proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection $connection_upgrade;\n"
	const pass = "proxy_pass http://vestibule;"
	proxy := func(check string, state State, text, location string) fault {
		return fault{location: location, check: check, state: state, setting: proxyInFront, text: text}
	}
	edited := func(check string, state State, text string, oldNew ...string) fault {
		return fault{oldNew: oldNew, check: check, state: state, setting: proxyInFront, text: text}
	}
	around := func(check string, state State, text, server string) fault {
		return fault{server: server, check: check, state: state, setting: proxyInFront, text: text}
	}
	port := func(n, setting string) fault {
		return fault{reach: map[string]string{n: r.at[setting]}, check: "ports", state: Failure, setting: setting, text: "app.example.com:" + n}
	}
	admin := "http://" + r.at["ADMIN_ADDR"]
	return map[string]fault{
		"a cookie without Secure":      proxy("cookies", Failure, "no Secure", "proxy_cookie_flags ~ nosecure;"),
		"a cookie without HttpOnly":    proxy("cookies", Failure, "no HttpOnly", "proxy_cookie_flags ~ nohttponly;"),
		"a cookie without SameSite":    proxy("cookies", Failure, "no SameSite", "proxy_cookie_flags ~ nosamesite;"),
		"a cookie for all hosts":       proxy("cookies", Failure, "a Domain", `proxy_cookie_path / "/; Domain=example.com";`),
		"a cookie of another path":     proxy("cookies", Failure, "Path", "proxy_cookie_path / /app/;"),
		"a cookie of another name":     proxy("cookies", Failure, "no __Host-", `proxy_hide_header Set-Cookie; add_header Set-Cookie "session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax";`),
		"no cookie":                    proxy("cookies", Failure, "removes Set-Cookie", "proxy_hide_header Set-Cookie;"),
		"no Origin":                    proxy("origin", Failure, "removes or replaces", `proxy_set_header Origin "";`),
		"another Origin":               proxy("origin", Failure, "the own pages are refused", `proxy_set_header Origin "http://$host";`),
		"a cache":                      proxy("caches", Failure, "caches answers", "proxy_cache all; proxy_cache_valid any 1m; proxy_ignore_headers Cache-Control Vary Set-Cookie;"),
		"another Cache-Control":        proxy("caches", Failure, "no-store", "expires 1h;"),
		"compression":                  proxy("etags", Warning, `W/"x"`, `gzip on; gzip_types application/json; gzip_proxied any; proxy_set_header Accept-Encoding "";`),
		"no ETag":                      proxy("etags", Warning, "removes ETag", "proxy_hide_header ETag;"),
		"no security header":           proxy("headers", Warning, "Content-Security-Policy", "proxy_hide_header Content-Security-Policy;"),
		"no HSTS":                      proxy("headers", Warning, "Strict-Transport-Security", "proxy_hide_header Strict-Transport-Security;"),
		"errors of its own":            around("errors", Warning, "status 404", "proxy_intercept_errors on; error_page 404 /nothing.html; location = /nothing.html { internal; return 404; }"),
		"two methods only":             proxy("methods", Warning, "PUT, PATCH, DELETE", "limit_except GET POST { deny all; }"),
		"other redirects":              proxy("redirects", Failure, "lead to http://app.example.com", "proxy_redirect https://app.example.com/ http://app.example.com/;"),
		"small bodies":                 edited("bodies", Warning, "10.0 MiB", "client_max_body_size 11m;", ""),
		"no WebSockets":                edited("websockets", Warning, "Upgrade", upgrade, ""),
		"other paths":                  edited("paths", Warning, "merges slashes", pass, "proxy_pass http://vestibule/;"),
		"decoded paths":                edited("paths", Warning, "decodes %2F", pass, "proxy_pass http://vestibule/;", "client_max", "merge_slashes off; client_max"),
		"an unknown proxy":             {location: "proxy_bind 127.0.0.2;", check: "clients", state: Warning, setting: "TRUSTED_PROXIES", text: "does not name"},
		"no keys":                      around("keys", Warning, "/api/auth/jwks", "location = /api/auth/jwks { return 404; }"),
		"paths of the admin address":   around("internals", Failure, "/livez, /healthz", "location ~ ^/(live|health)z$ { proxy_pass "+admin+"; }"),
		"only some paths":              {server: "location /.well-known/ { return 404; }", check: "address", state: Failure, setting: givenURL, text: "does not lead to Vestibule"},
		"streams that are collected":   {location: "proxy_ignore_headers X-Accel-Buffering;", quiet: 500 * time.Millisecond, check: "streams", state: Warning, setting: proxyInFront, text: "none arrived"},
		"no Cookie":                    {location: `proxy_set_header Cookie "";`, check: "session", state: Failure, setting: cookieFile, text: "removes the header Cookie"},
		"the admin port":               port("9090", "ADMIN_ADDR"),
		"the port of the API":          port("8000", "API_ADDR"),
		"the port of forward auth":     port("9100", "FORWARD_AUTH_ADDR"),
		"the port behind the proxy":    port("3000", "BFF_ADDR"),
		"http beside https":            {reach: map[string]string{"80": plain}, check: "plain http", state: Warning, setting: proxyInFront, text: "without a redirect"},
		"http where https is claimed":  {url: "http://app.example.com", reach: map[string]string{"80": plain}, check: "address", state: Failure, setting: "BASE_URL", text: "claims https"},
		"another host than BASE_URL":   {url: "https://www.app.example.com", check: "address", state: Failure, setting: "BASE_URL", text: "INVALID_ORIGIN"},
		"a redirect to another URL":    {server: "return 301 https://www.example.com$request_uri;", check: "address", state: Failure, setting: givenURL, text: "redirects to https://www.example.com"},
		"the certificate of another":   {cert: 1, check: "certificate", state: Failure, setting: proxyInFront, text: "not app.example.com"},
		"a certificate that has ended": {cert: 2, check: "certificate", state: Failure, setting: proxyInFront, text: "expired"},
		"a certificate that ends soon": {cert: 3, check: "certificate", state: Warning, setting: proxyInFront, text: "was not renewed"},
	}
}

// TestFaultsBehindNginxAreFound, each alone, and nothing is found without one.
func TestFaultsBehindNginxAreFound(t *testing.T) {
	t.Parallel()
	r := serve(t, "https://app.example.com", nil)
	authority := testtls.NewAuthority(t)
	var certs [4][2]string
	const day = 24 * time.Hour
	for i, c := range []struct {
		host        string
		from, until time.Duration
	}{{"app.example.com", -day, 80 * day}, {"other.example.com", -day, 80 * day}, {"app.example.com", -90 * day, -time.Hour}, {"app.example.com", -85 * day, 5 * day}} {
		certs[i][0], certs[i][1] = certificate(t, authority, c.host, c.from, c.until)
	}
	around, inside := documentedNginx(t, r)
	servers := []string{"proxy_cache_path cache keys_zone=all:1m;"}
	begin := func(f fault) (address string) {
		address = freeAddr(t)
		text := recipetest.Edited(t, inside, f.oldNew...)
		text = recipetest.Edited(t, text, "    location / {\n", f.server+"    location / {\n"+f.location)
		servers = append(servers, fmt.Sprintf("server { listen %s ssl; ssl_certificate %s; ssl_certificate_key %s; %s }", address, certs[f.cert][0], certs[f.cert][1], text))
		return address
	}
	plain := freeAddr(t)
	servers = append(servers, "server { listen "+plain+"; "+inside+"}")
	redirects := freeAddr(t)
	servers = append(servers, "server { listen "+redirects+"; return 308 https://$host$request_uri; }")
	faults := behindNginx(r, plain)
	at := map[string]string{}
	for name, f := range faults {
		at[name] = begin(f)
	}
	healthy := begin(fault{})
	nginxtest.Start(t, nginxtest.Config{HTTP: around + strings.Join(servers, "\n")})

	wantGood(t, fromOutside(t, inFrontOf(t, r, authority, map[string]string{"443": healthy, "80": redirects})))
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			reach := map[string]string{"443": at[name]}
			maps.Copy(reach, f.reach)
			s := inFrontOf(t, r, authority, reach)
			if f.url != "" {
				s.URL, _ = url.Parse(f.url)
			}
			if name != "small bodies" {
				s.BodyLimit = 64 << 10 // for speed
			}
			if f.quiet > 0 {
				s.quiet = f.quiet
			}
			got := bad(fromOutside(t, s))
			wantOne(t, got, f.check, f.state, f.setting, f.text)
			if len(got) != 1 {
				t.Errorf("got %s, want nothing else", describe(got))
			}
		})
	}
}

// inFrontOf is the site behind a proxy with certificates of the authority.
func inFrontOf(t *testing.T, r *running, authority *testtls.Authority, reach map[string]string) *Site {
	t.Helper()
	s := r.site(t, reach)
	s.roots = authority.Pool
	return s
}
