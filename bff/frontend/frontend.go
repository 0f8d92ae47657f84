package frontend

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"vestibule/internal/web"
)

// Config says which app is served: the one of Dir or DevURL, if either is set, else
// Embedded.
type Config struct {
	Embedded fs.FS
	Release  string   // the folder of Embedded whose files never change: its name is made of their content
	Worker   string   // the file of Release that is a service worker for all pages
	Dir      string   // the folder of a build
	DevURL   *url.URL // a dev server, without a path
	Origin   string   // our own origin, as browsers send it
	Errors   web.ErrorWriter
}

// App answers every path that does not belong to the BFF's API.
type App struct {
	files    *files
	embedded bool
	release  string // with a slash at its end; "": none
	worker   string
	dev      *devServer // nil: files
}

// New makes an App. It does not read the folder; requests do.
func New(cfg Config) (*App, error) {
	if cfg.DevURL != nil {
		return &App{dev: newDevServer(cfg)}, nil
	}
	open := func() (fs.FS, func(), error) { return cfg.Embedded, func() {}, nil }
	policy := func([]byte) string { return embeddedPolicy }
	if cfg.Dir != "" {
		open, policy = openFolder(cfg.Dir), policyOf
	}
	files, err := newFiles(open, policy)
	a := &App{files: files, embedded: cfg.Dir == ""}
	if a.embedded && cfg.Release != "" {
		a.release = cfg.Release + "/"
		a.worker = a.release + cfg.Worker
	}
	return a, err
}

func openFolder(dir string) func() (fs.FS, func(), error) {
	return func() (fs.FS, func(), error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, nil, err
		}
		return root.FS(), func() { _ = root.Close() }, nil
	}
}

// CheckFolder returns the reason why dir cannot serve an app. Its errors are written as the
// end of a sentence.
func CheckFolder(dir string) error {
	folder, free, err := openFolder(dir)()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("does not exist")
	case err != nil:
		return errors.New("is not a folder that can be read")
	}
	defer free()
	name := index
	if _, err := stat(folder, index); errors.Is(err, errMissing) {
		if _, err := stat(folder, fallbackPage); err == nil {
			name = fallbackPage // all that SvelteKit writes for an app without prerendered pages
		}
	}
	f, err := folder.Open(name)
	if err != nil {
		return errors.New("has no index.html that can be read")
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return errors.New("has an index.html that is not a file")
	}
	return nil
}

// Serve answers with a file or a page.
func (a *App) Serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return web.MethodNotAllowed(r.Method, []string{http.MethodGet, http.MethodHead})
	}
	if err := web.CheckPath(r); err != nil {
		return err
	}
	if a.dev != nil {
		return a.dev.serve(w, r)
	}
	name, ok := fileName(r.URL.Path)
	if !ok {
		return web.ErrNotFound
	}
	folder, free, err := a.files.open()
	if err != nil {
		return unavailable(err)
	}
	defer free()
	f, err := a.find(r, folder, name)
	switch {
	case err != nil && (f.name == index || errors.Is(err, errChanging)):
		return unavailable(err)
	case err != nil:
		return web.ErrNotFound.Because(err)
	case f.moved != "":
		redirect(w, r, f.moved)
		return nil
	}
	defer func() { _ = f.close() }()
	if f.name == notFoundPage {
		a.sendNotFound(w, r, f.variant)
		return nil
	}
	return a.send(w, r, f)
}

// unavailable is the answer while a deploy has removed the folder or its page.
func unavailable(err error) *web.Error {
	return web.Refuse(http.StatusServiceUnavailable, "APP_UNAVAILABLE", "The app is being replaced. Please try again.").
		With("Retry-After", "1").Because(fmt.Errorf("WEB_DIR: %w", err))
}

// maxParts is how many parts of a file one request may ask for. A request header has room
// for thousands, and each part of the answer has its own header. With too many, the whole
// file is sent (RFC 9110 §14.2 allows that, and §17.15 gives the reason).
const maxParts = 10

// send answers with a file, a part of it, or a 304.
func (a *App) send(w http.ResponseWriter, r *http.Request, f found) error {
	h, v := w.Header(), f.variant
	h.Set("ETag", v.etag)
	h.Set("Cache-Control", "no-cache")
	if isImmutable(f.folder, f.name) {
		h.Set("Cache-Control", forever)
	}
	a.describe(h, f.name, v)
	a.describeRelease(h, f.name)
	if hasToken(r) {
		h.Set("Referrer-Policy", "no-referrer")
	}
	if v.coding != "" {
		h.Set("Content-Length", strconv.FormatInt(v.size, 10))
	}
	if web.Known(r.Header["If-None-Match"], v.etag) {
		// Write the tag in the only form that http.ServeContent recognizes; see web.Tag.
		// If-Match and If-Range compare exact bytes, so a tag that a proxy has rewritten
		// does not match there.
		r = r.Clone(r.Context())
		r.Header["If-None-Match"] = []string{v.etag}
	}
	if strings.Count(strings.Join(r.Header["Range"], ","), ",") >= maxParts {
		r = r.Clone(r.Context())
		delete(r.Header, "Range")
	}
	out := &content{ResponseWriter: w}
	http.ServeContent(out, r, "", time.Time{}, v.content)
	if out.refused == 0 {
		return nil
	}
	refused := refusal(out.refused).With("Cache-Control", "no-store")
	if whole := h.Get("Content-Range"); whole != "" {
		refused = refused.With("Content-Range", whole)
	}
	return refused
}

// describe sets the headers that every answer with a file has.
func (a *App) describe(h http.Header, name string, v *variant) {
	h.Set("Content-Type", kindOf(name).mediaType)
	h.Add("Vary", "Accept-Encoding")
	if v.coding != "" {
		h.Set("Content-Encoding", v.coding)
	}
	a.setPolicies(h, v)
}

// content suppresses the error answers of http.ServeContent, which are plain text.
type content struct {
	http.ResponseWriter
	refused int // the status
}

func (c *content) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		c.refused = status
		return
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *content) Write(p []byte) (int, error) {
	if c.refused != 0 {
		return len(p), nil
	}
	return c.ResponseWriter.Write(p)
}

func refusal(status int) *web.Error {
	switch status {
	case http.StatusPreconditionFailed:
		return web.Refuse(status, "PRECONDITION_FAILED", "The file has changed.")
	case http.StatusRequestedRangeNotSatisfiable:
		return web.Refuse(status, "RANGE_NOT_SATISFIABLE", "The file has no such part.")
	}
	return web.ErrInternal.Because(errors.New("the file could not be read"))
}
