package nginxtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestNginxIsInFrontOfAServer(t *testing.T) {
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "behind "+r.RequestURI)
	}))
	defer behind.Close()
	url := Start(t, Config{Server: "location / { proxy_pass " + behind.URL + "; }"})
	res, err := http.Get(url + "/x?y")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != "behind /x?y" || !strings.HasPrefix(res.Header.Get("Server"), "nginx/") {
		t.Errorf("got %q from %q (%v)", body, res.Header.Get("Server"), err)
	}
}

func TestAMissingNginxNamesThePackageToInstall(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("PATH", empty)
	const cure = "apt-get install nginx"
	if found, err := find(filepath.Join(empty, "nginx")); err == nil || !strings.Contains(err.Error(), cure) {
		t.Errorf("got %q, error %v, want an error with %q", found, err, cure)
	}
}
