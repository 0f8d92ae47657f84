package caddytest

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCaddyIsInFrontOfAServer(t *testing.T) {
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"2"`)
		_, _ = io.WriteString(w, "behind "+r.RequestURI)
	}))
	defer behind.Close()
	for name, tc := range map[string]struct{ site, tag string }{
		"Debian's": {Compression, `"2"`}, "a newer one": {Compression + TagsOfNewer, `"2-gzip"`},
	} {
		t.Run(name, func(t *testing.T) {
			url := Start(t, tc.site+"reverse_proxy "+behind.URL)
			req, err := http.NewRequestWithContext(t.Context(), "GET", url+"/x?y", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept-Encoding", "gzip")
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("ETag") != tc.tag || res.Header.Get("Server") != "Caddy" {
				t.Fatalf("got %v, want gzip from Caddy with ETag %s", res.Header, tc.tag)
			}
			plain, err := gzip.NewReader(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(plain); err != nil || string(body) != "behind /x?y" {
				t.Errorf("got %q (%v)", body, err)
			}
		})
	}
}

func TestAMissingCaddyNamesThePackageToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	const cure = "apt-get install caddy"
	if found, err := find(); err == nil || !strings.Contains(err.Error(), cure) {
		t.Errorf("got %q, error %v, want an error with %q", found, err, cure)
	}
}
