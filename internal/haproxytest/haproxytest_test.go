package haproxytest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestHAProxyIsInFrontOfAServer(t *testing.T) {
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "behind "+r.RequestURI+" for "+r.Header.Get("X-From"))
	}))
	defer behind.Close()
	res, err := http.Get(InFront(t, behind.URL) + "/x?y")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != "behind /x?y for haproxy" {
		t.Errorf("got %q (%v)", body, err)
	}
}

func TestAMissingHAProxyNamesThePackageToInstall(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("PATH", empty)
	const cure = "apt-get install haproxy"
	if found, err := find(filepath.Join(empty, "haproxy")); err == nil || !strings.Contains(err.Error(), cure) {
		t.Errorf("got %q, error %v, want an error with %q", found, err, cure)
	}
}
