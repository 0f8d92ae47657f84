package openapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"vestibule/internal/openapi"
	"vestibule/internal/web"
)

func newDocs(t *testing.T) http.Handler {
	t.Helper()
	docs, err := openapi.New([]byte(`{"openapi":"3.1.1"}`), "/x.json", "/docs", "A <title>")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, h := range map[string]web.HandlerFunc{"/x.json": docs.Document, "/docs": docs.Page, "/docs/{file}": docs.File} {
		mux.Handle(path, web.Handle(h, func(w http.ResponseWriter, _ *http.Request, e *web.Error) { w.WriteHeader(e.Status) }))
	}
	return mux
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestThePageLoadsOnlyServedFiles: it loads nothing from other hosts.
func TestThePageLoadsOnlyServedFiles(t *testing.T) {
	h := newDocs(t)
	page := get(h, "/docs").Body.String()
	if !strings.Contains(page, "A &lt;title&gt;") || !strings.Contains(page, `data-document="/x.json"`) {
		t.Errorf("got page %s", page)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(links) != 5 {
		t.Errorf("got links %q, want 5", links)
	}
	for _, link := range links {
		if !strings.HasPrefix(link[1], "/") || strings.HasPrefix(link[1], "//") {
			t.Errorf("the page leads to %q, want a path", link[1])
		}
		if w := get(h, link[1]); w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: got %d with %d bytes", link[1], w.Code, w.Body.Len())
		}
	}
}

func TestThePolicyAllowsNothingInline(t *testing.T) {
	policy := get(newDocs(t), "/docs").Header().Get("Content-Security-Policy")
	if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") {
		t.Errorf("got policy %q", policy)
	}
}

func TestFilesHaveTheRequestedEncoding(t *testing.T) {
	h := newDocs(t)
	const path = "/docs/swagger-ui-bundle.js"
	zipped, plain := get(h, path, "Accept-Encoding", "br, gzip"), get(h, path)
	if got := zipped.Header().Get("Content-Encoding"); got != "gzip" {
		t.Errorf("got Content-Encoding %q, want gzip", got)
	}
	if got := plain.Header().Get("Content-Encoding"); got != "" {
		t.Errorf("got Content-Encoding %q without asking", got)
	}
	if !strings.Contains(plain.Body.String()[:1000], "SwaggerUIBundle") || zipped.Body.Len()*2 > plain.Body.Len() {
		t.Errorf("got %d bytes zipped and %d plain", zipped.Body.Len(), plain.Body.Len())
	}
	if zipped.Header().Get("Etag") == plain.Header().Get("Etag") {
		t.Error("two representations have the same entity tag")
	}
}

func TestAKnownFileIsNotSentAgain(t *testing.T) {
	h := newDocs(t)
	tag := get(h, "/x.json").Header().Get("Etag")
	for header, want := range map[string]int{
		tag: 304, "W/" + tag: 304, `"a", ` + tag: 304, "*": 304, strings.TrimSuffix(tag, `"`) + `-gzip"`: 304, `"a"`: 200, "": 200, strings.Trim(tag, `"`): 200,
	} {
		w := get(h, "/x.json", "If-None-Match", header)
		if body, _ := io.ReadAll(w.Body); w.Code != want || (want == 304) != (len(body) == 0) {
			t.Errorf("If-None-Match %s: got %d with %d bytes, want %d", header, w.Code, len(body), want)
		}
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	for _, path := range []string{"/docs/swagger-ui.js.gz", "/docs/page.html", "/docs/x"} {
		if w := get(newDocs(t), path); w.Code != 404 {
			t.Errorf("%s: got %d, want 404", path, w.Code)
		}
	}
}
