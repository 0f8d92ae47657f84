// Package spa is the single-page app that the BFF serves at /, unless a team serves its own.
// Browsers get what esbuild makes of it: one script, one style sheet and the service worker, in
// built/. Run go generate after a change.
//
// The package guarantees that a page and its script belong to the same version of the app. All
// files that the page loads are in a folder that is named after their content (/app/<hash>/), so
// browsers may keep them forever, and an instance of another version answers with a 404.
package spa

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// The source maps hold the sources, for debuggers. The names stay, for stack traces that people report.
//
//go:generate go tool -modfile=../../lint.mod esbuild app/main.js style.css service-worker.js --bundle --minify-whitespace --minify-syntax --format=esm --target=es2022 --sourcemap --entry-names=[name] --outdir=built --log-level=warning

// Files are the files for browsers. The client is here as it is in the repository, for people who
// read it at its documented path, /client/.
//
//go:embed index.html built/* *.svg *.png client/*.js vendor/LICENSE-*
var Files embed.FS

const (
	page     = "index.html"
	manifest = "manifest.webmanifest"
	built    = "built/"
	client   = "client/"
	// Worker is the name of the service worker in the folder of the release.
	Worker = "service-worker.js"
)

// Release is the app as it is served.
type Release struct {
	fs.FS
	// Folder is the path of the files whose content never changes, without slashes around it.
	Folder string
}

// Config is what the app shows of the operator's settings.
type Config struct {
	Name              string
	PasswordMinLength int // characters
}

// New makes the app.
func New(cfg Config) (*Release, error) {
	own, served := map[string][]byte{}, memory{}
	err := fs.WalkDir(Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == page {
			return err
		}
		content, err := Files.ReadFile(name)
		if strings.HasPrefix(name, client) {
			served[name] = content
		} else {
			own[strings.TrimPrefix(name, built)] = content
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if own[manifest], err = writeManifest(cfg.Name); err != nil {
		return nil, err
	}
	folder := "app/" + digest(own)
	for name, content := range own {
		served[folder+"/"+name] = content
	}
	served[page], err = writePage(cfg, folder)
	return &Release{FS: served, Folder: folder}, err
}

// digest names a set of files after their content.
func digest(own map[string][]byte) string {
	sum := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(own)) {
		fmt.Fprintf(sum, "%s %d\n", path, len(own[path]))
		sum.Write(own[path])
	}
	return hex.EncodeToString(sum.Sum(nil)[:10])
}

func writePage(cfg Config, folder string) ([]byte, error) {
	source, err := Files.ReadFile(page)
	if err != nil {
		return nil, err
	}
	t, err := template.New(page).Parse(string(source))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, struct {
		Config
		Folder string
	}{cfg, "/" + folder})
	return out.Bytes(), err
}

type icon struct {
	Src     string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose,omitempty"`
}

// writeManifest describes the app for browsers that install it. The addresses of the icons are
// relative to the manifest. The id keeps the identity of an installed app when the
// manifest's own address changes with the next release.
func writeManifest(name string) ([]byte, error) {
	return json.Marshal(struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		ShortName   string `json:"short_name"`
		Description string `json:"description"`
		StartURL    string `json:"start_url"`
		Scope       string `json:"scope"`
		Display     string `json:"display"`
		Background  string `json:"background_color"`
		Theme       string `json:"theme_color"`
		Icons       []icon `json:"icons"`
	}{
		"/", name, name, "Your tasks, in step on all your devices.", "/tasks", "/", "standalone", "#f6f5f2", "#f6f5f2",
		[]icon{
			{"icon.svg", "any", "image/svg+xml", ""},
			{"icon-192.png", "192x192", "image/png", ""},
			{"icon-512.png", "512x512", "image/png", ""},
			{"icon-maskable.png", "512x512", "image/png", "maskable"},
		},
	})
}
