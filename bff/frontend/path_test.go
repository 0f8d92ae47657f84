package frontend

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"vestibule/internal/web"
)

func TestFileNames(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/":                            "index.html",
		"/index.html":                  "index.html",
		"/assets/index-BxY12_ab.js":    "assets/index-BxY12_ab.js",
		"/docs/":                       "docs/index.html",
		"/ü/1.txt":                     "ü/1.txt",
		"/.well-known/security.txt":    ".well-known/security.txt",
		"/a/.well-known/security.txt":  "",
		"/.well-known/.git/config":     "",
		"/.well-known":                 "",
		"/.env":                        "",
		"/.git/config":                 "",
		"/assets/.htpasswd":            "",
		"/..":                          "",
		"/a/../../etc/passwd":          "",
		"/a//b":                        "",
		"//etc/passwd":                 "",
		"/a\\..\\b":                    "",
		"/a\x00.js":                    "",
		"/\xff":                        "",
		"/" + strings.Repeat("../", 9): "",
	} {
		if got, ok := fileName(path); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", path, got, ok, want)
		}
	}
}

// FuzzFileName checks the file name of every path that web.CheckPath accepts.
func FuzzFileName(f *testing.F) {
	for _, path := range []string{"/", "/a/b.js", "/.env", "/%2e%2e/x", "/a/..;/b", "/.well-known/x", "/a%5cb", "/%00", "/a/", "//", "/%E0%A4%A"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.ParseRequestURI(raw)
		if err != nil {
			return
		}
		if web.CheckPath(&http.Request{URL: u}) != nil {
			return
		}
		name, ok := fileName(u.Path)
		if !ok {
			return
		}
		if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") || strings.HasPrefix(name, "/") {
			t.Errorf("%q: got %q, which is not a name inside the folder", raw, name)
		}
		for i, segment := range strings.Split(name, "/") {
			if strings.HasPrefix(segment, ".") && (i > 0 || segment != ".well-known") {
				t.Errorf("%q: got %q, which starts with a dot", raw, name)
			}
		}
	})
}

func TestWhichRequestsGetThePage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path string
		header     []string
		want       bool
	}{
		{"a navigation", "/tasks/7", []string{"Sec-Fetch-Mode", "navigate"}, true},
		{"a navigation in a folder", "/tasks/", []string{"Sec-Fetch-Mode", "navigate"}, true},
		{"a navigation to a name with a dot", "/users/jane.doe", []string{"Sec-Fetch-Mode", "navigate"}, true},
		{"a program without these headers", "/tasks", nil, true},
		{"curl", "/tasks", []string{"Accept", "*/*"}, true},
		{"an old browser", "/tasks", []string{"Accept", "text/html,application/xml;q=0.9,*/*;q=0.8"}, true},
		{"fetch", "/tasks", []string{"Sec-Fetch-Mode", "cors", "Accept", "*/*"}, false},
		{"a navigation through a service worker of Firefox", "/tasks", []string{"Sec-Fetch-Mode", "same-origin", "Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, true},
		{"fetch that knows only this origin", "/tasks", []string{"Sec-Fetch-Mode", "same-origin", "Accept", "*/*"}, false},
		{"fetch that wants a page", "/tasks", []string{"Sec-Fetch-Mode", "cors", "Accept", "text/html"}, false},
		{"an image", "/tasks", []string{"Sec-Fetch-Mode", "no-cors", "Accept", "text/html"}, false},
		{"a client that wants JSON", "/tasks", []string{"Accept", "application/json"}, false},
		{"a client that refuses HTML", "/tasks", []string{"Accept", "text/html;q=0, application/json"}, false},
		{"an asset that is gone", "/assets/index-BxY12_ab.js", []string{"Sec-Fetch-Mode", "navigate"}, false},
		{"an asset in capitals", "/LOGO.PNG", []string{"Sec-Fetch-Mode", "navigate"}, false},
		{"an old browser at a probe's path", "/health", []string{"Accept", "text/html,*/*;q=0.8"}, true},
		{"a probe", "/health", []string{"Accept", "*/*"}, false},
		{"a public file", "/.well-known/assetlinks", []string{"Sec-Fetch-Mode", "navigate"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", tt.path, nil)
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			name, ok := fileName(tt.path)
			if got := ok && isPage(r, name); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWhichFilesAreImmutable(t *testing.T) {
	t.Parallel()
	vite := fstest.MapFS{"assets/index-BxY12_ab.js": {}}
	for name, want := range map[string]bool{
		"assets/index-BxY12_ab.js":         true,
		"assets/index-BxY12_ab.js.map":     true,
		"assets/fonts/Inter-DKLtvOwX.woff": true,
		"_next/static/chunks/4f3a9c12.js":  true,
		"_app/immutable/start.BxY12_ab.js": true,
		"_astro/index.D3x1aQ9z.css":        true,
		"assets/about.html":                false,
		"assets":                           false,
		"my/assets/app.js":                 false,
		"assets-old/app.js":                false,
		"_next/image.png":                  false,
		"_app/version.json":                false,
		"_astro":                           false,
		"index.html":                       false,
		"app.js":                           false,
		"index-BxY12_ab.js":                false,
	} {
		if got := isImmutable(vite, name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	// The public files of a Next.js, SvelteKit or Astro app are often in assets/, under fixed
	// names.
	for _, own := range []string{"_next/static/x.js", "_app/immutable/x.js", "_astro/x.css"} {
		if isImmutable(fstest.MapFS{own: {}, "assets/logo.svg": {}}, "assets/logo.svg") {
			t.Errorf("assets/logo.svg is immutable beside %s", own)
		}
	}
}

func TestAcceptedCodings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ header, want string }{
		{"", ""},
		{"gzip", "gzip,"},
		{"gzip, deflate, br, zstd", "br,gzip,"},
		{"br;q=0.5, gzip;q=0.9", "gzip,br,"},
		{"br;q=0, *", "gzip,"},
		{"*", "br,gzip,"},
		{"*;q=0", ""},
		{"GZIP", "gzip,"},
		{"x-gzip", "gzip,"},
		{"identity, gzip;q=0.5", ""},
		{"identity;q=0.5, gzip", "gzip,"},
		{"identity;q=0, gzip;q=0.1", "gzip,"},
		{"identity;q=0", ""},
		{"gzip;q=2", ""},
		{"gzip;q=x", ""},
		{"gzip ; Q=0.5", "gzip,"},
		{",,;q=1,", ""},
	} {
		var got []string
		for _, c := range accepted([]string{tt.header}) {
			got = append(got, c.name)
		}
		if joined := strings.Join(got, ","); joined != tt.want {
			t.Errorf("%q: got %q, want %q", tt.header, joined, tt.want)
		}
	}
}

func TestTheEntriesOfAnAcceptHeaderAreBounded(t *testing.T) {
	t.Parallel()
	if got := len(parseWeights([]string{strings.Repeat("a,", 10_000), "b"})); got != maxWeights {
		t.Errorf("got %d entries, want %d", got, maxWeights)
	}
}
