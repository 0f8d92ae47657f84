// Package openapi serves the OpenAPI document of a surface and a page that shows it and
// sends requests. The program contains all files: the page works without the internet, and
// under a policy that lets it reach only its own origin.
package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/swaggest/swgui/v5/static"

	"vestibule/internal/web"
)

//go:embed page.html
var pageSource string

//go:embed start.js
var startScript []byte

// policy is the page's CSP. The library's icons are data: URLs in its style sheet.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// Docs serves one document and its page.
type Docs struct {
	title    string
	document file
	page     []byte
	files    map[string]file // the files that the page loads
}

// file is a file that does not change while the program runs.
type file struct {
	kind    string // its Content-Type
	content []byte
	zipped  bool // content is gzip
	tag     string
}

func newFile(kind string, content []byte, zipped bool) file {
	sum := sha256.Sum256(content)
	return file{kind, content, zipped, `"` + hex.EncodeToString(sum[:16]) + `"`}
}

// New makes the Docs of a JSON document that is served at documentPath. The page is served
// at pagePath, and its files below that.
func New(document []byte, documentPath, pagePath, title string) (*Docs, error) {
	d := &Docs{title: title, document: newFile("application/json", document, false)}
	d.files = map[string]file{"start.js": newFile("text/javascript; charset=utf-8", startScript, false)}
	for name, kind := range map[string]string{
		"swagger-ui-bundle.js.gz": "text/javascript; charset=utf-8",
		"swagger-ui.css.gz":       "text/css; charset=utf-8",
		"favicon-32x32.png":       "image/png",
	} {
		content, err := fs.ReadFile(static.FS, name)
		if err != nil {
			return nil, fmt.Errorf("documentation page: %w", err)
		}
		plain, zipped := strings.CutSuffix(name, ".gz")
		d.files[plain] = newFile(kind, content, zipped)
	}
	t, err := template.New("page").Parse(pageSource)
	if err != nil {
		return nil, fmt.Errorf("documentation page: %w", err)
	}
	var page bytes.Buffer
	err = t.Execute(&page, struct{ Title, Document, Base string }{title, documentPath, pagePath})
	d.page = page.Bytes()
	return d, err
}

// Document serves the document itself.
func (d *Docs) Document(w http.ResponseWriter, r *http.Request) error {
	return d.document.serve(w, r)
}

// Page serves the page.
func (d *Docs) Page(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	_, _ = w.Write(d.page)
	return nil
}

// File serves a file of the page, by the last segment of the path.
func (d *Docs) File(w http.ResponseWriter, r *http.Request) error {
	f, ok := d.files[path.Base(r.URL.Path)]
	if !ok {
		return web.ErrNotFound
	}
	return f.serve(w, r)
}

// serve does not use http.ServeContent, which would answer ranges and preconditions. Nobody
// needs those, and the document would have to describe them.
func (f file) serve(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Cache-Control", "no-cache") // cached, but revalidated: another release has another file
	tag, unzip := f.tag, f.zipped && !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
	if f.zipped {
		h.Add("Vary", "Accept-Encoding")
	}
	if unzip {
		tag = strings.TrimSuffix(tag, `"`) + `-plain"`
	}
	h.Set("ETag", tag)
	if web.Known(r.Header["If-None-Match"], tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", f.kind)
	if !unzip {
		if f.zipped {
			h.Set("Content-Encoding", "gzip")
		}
		_, _ = w.Write(f.content)
		return nil
	}
	plain, err := gzip.NewReader(bytes.NewReader(f.content))
	if err != nil {
		return err
	}
	_, _ = io.Copy(w, plain) // #nosec G110 -- the document is part of the program
	return nil
}
