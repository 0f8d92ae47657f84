package e2e

import (
	"slices"
	"strings"
	"testing"

	"vestibule/internal/caddytest"
	"vestibule/internal/nginxtest"
)

// compressor is a server in front of the product that compresses every answer. given is the
// tag that it sends in place of the strong tag "n".
type compressor struct {
	name  string
	start func(t testing.TB, upstream string) (url string)
	given string
}

const uncompressed = ` {
	header_up -Accept-Encoding
	transport http {
		compression off
	}
}
`

var compressors = []compressor{
	{"nginx", func(t testing.TB, upstream string) string {
		return nginxtest.Start(t, nginxtest.Config{Server: `gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1; gzip_http_version 1.0;
			location / { proxy_pass ` + upstream + `; proxy_set_header Host $http_host; proxy_set_header Accept-Encoding ""; }`})
	}, `W/"n"`},
	{"Caddy", func(t testing.TB, upstream string) string {
		return caddytest.Start(t, caddytest.Compression+"reverse_proxy "+upstream+uncompressed)
	}, `"n"`},
	{"a newer Caddy", func(t testing.TB, upstream string) string {
		return caddytest.Start(t, caddytest.Compression+caddytest.TagsOfNewer+"reverse_proxy "+upstream+uncompressed)
	}, `"n-gzip"`},
}

// rewritten returns the tag that the client gets in place of "n".
func (c compressor) rewritten(n string) string { return strings.Replace(c.given, "n", n, 1) }

// TestConditionsHoldBehindAServerThatCompresses sends the tags that such a server has
// rewritten, through the BFF and to the API itself.
func TestConditionsHoldBehindAServerThatCompresses(t *testing.T) {
	t.Parallel()
	for _, c := range compressors {
		for _, s := range shapes[:2] {
			t.Run(c.name+" before "+s.name, func(t *testing.T) {
				addr := freeAddrs(t, 2)
				front, apiFront := c.start(t, "http://"+addr[0]), c.start(t, "http://"+addr[1])
				launch(t, s, "BASE_URL="+front, "BFF_ADDR="+addr[0], "API_ADDR="+addr[1])
				b := newBrowser(t, front)
				user := b.signUp("ada@example.com")
				made := b.want(b.send("POST", front+"/api/proxy/me/tasks", `{"title":"a"}`), 201, "")
				task := made.header.Get("Location")
				c.conditions(b, front+task)
				bearer := []string{"Authorization", "Bearer " + mint(t, claims(user), secret)}
				b.want(b.send("POST", apiFront+"/api/me/tasks", `{"title":"a"}`, bearer...), 201, "")
				c.conditions(b, apiFront+"/api/me/tasks/2", bearer...)
				c.known(b, front, "/", "/api/openapi.json", "/api/docs/start.js", "/client/index.js")
				c.known(b, apiFront, "/openapi.json", "/docs/swagger-ui.css")
			})
		}
	}
}

// conditions changes a new task with the tags that the client is given.
func (c compressor) conditions(b *browser, task string, header ...string) {
	b.t.Helper()
	send := func(method, body string, more ...string) answer {
		return b.send(method, task, body, slices.Concat(header, []string{"Accept-Encoding", "gzip"}, more)...)
	}
	tagged := func(a answer, status int, n string) string {
		b.t.Helper()
		tag := a.header.Get("ETag")
		if a.status != status || a.header.Get("Content-Encoding") != "gzip" || tag != c.rewritten(n) {
			b.t.Fatalf("got %d in %q with ETag %s, want %d in gzip with %s", a.status, a.header.Get("Content-Encoding"), tag, status, c.rewritten(n))
		}
		return tag
	}
	first := tagged(send("GET", ""), 200, "1")
	second := tagged(send("PUT", `{"title":"b"}`, "If-Match", first), 200, "2")
	for _, method := range []string{"PUT", "PATCH", "DELETE"} { // a version that is really older
		if a := send(method, `{"title":"c"}`, "If-Match", first); a.status != 412 {
			b.t.Errorf("%s at %s: got %d, want 412", method, first, a.status)
		}
	}
	// A 304 has no body to be compressed, and its tag is as we have sent it.
	if a := send("GET", "", "If-None-Match", second); a.status != 304 || a.header.Get("ETag") == "" {
		b.t.Errorf("GET of what is known: got %d with ETag %s, want 304 with one", a.status, a.header.Get("ETag"))
	} else if a := send("GET", "", "If-None-Match", a.header.Get("ETag")); a.status != 304 {
		b.t.Errorf("with the tag of a 304: got %d, want 304", a.status)
	}
	tagged(send("GET", "", "If-None-Match", first), 200, "2")
	if a := send("PUT", `{"title":"c"}`, "If-None-Match", second); a.status != 412 {
		b.t.Errorf("PUT at any but %s: got %d, want 412", second, a.status)
	}
	third := tagged(send("PATCH", `{"title":"c"}`, "If-Match", first+", "+second), 200, "3")
	b.want(send("DELETE", "", "If-Match", third), 200, "")
}

// known asks for files again with the tags that the client was given.
func (c compressor) known(b *browser, front string, paths ...string) {
	b.t.Helper()
	for _, path := range paths {
		first := b.send("GET", front+path, "", "Accept-Encoding", "gzip")
		tag := first.header.Get("ETag")
		if first.status != 200 || first.header.Get("Content-Encoding") != "gzip" || tag == "" {
			b.t.Errorf("%s: got %d in %q with ETag %q", path, first.status, first.header.Get("Content-Encoding"), tag)
		}
		if again := b.send("GET", front+path, "", "Accept-Encoding", "gzip", "If-None-Match", tag); again.status != 304 || again.body != "" {
			b.t.Errorf("%s again, with %s: got %d with %d bytes, want 304", path, tag, again.status, len(again.body))
		}
	}
}
