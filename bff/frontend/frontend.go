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

// Config says which app is served: that of Dir or DevURL, if either is set, else
// Embedded.
type Config struct {
	Embedded fs.FS
	Dir      string   // the folder of a build
	DevURL   *url.URL // a dev server, without a path
	Origin   string   // our own, as browsers send it
	Errors   web.ErrorWriter
}

// App answers for every path that is not of the BFF's own interface.
type App struct {
	files    *files
	embedded bool
	dev      *devServer // nil: files
}

// New makes an App. The files of a folder are looked at when they are asked for.
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
	return &App{files: files, embedded: cfg.Dir == ""}, err
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

// CheckFolder says why dir is no folder to serve an app from. Its errors read as the
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
	f, err := folder.Open(index)
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
	// A part of a file is counted in its own bytes.
	wanted := []coding{{}}
	if r.Header.Get("Range") == "" {
		wanted = accepted(r.Header.Values("Accept-Encoding"))
	}
	v, err := a.files.choose(folder, name, wanted)
	if errors.Is(err, errMissing) && name != index && isPage(r, name) {
		name = index
		v, err = a.files.choose(folder, name, wanted)
	}
	switch {
	case err == nil:
	case name == index || errors.Is(err, errChanging):
		return unavailable(err)
	default:
		return web.ErrNotFound.Because(err)
	}
	defer func() { _ = v.close() }()
	return a.send(w, r, name, v)
}

// unavailable is what is answered while a deploy has the folder, or its page, away.
func unavailable(err error) *web.Error {
	return web.Refuse(http.StatusServiceUnavailable, "APP_UNAVAILABLE", "The app is being replaced. Please try again.").
		With("Retry-After", "1").Because(fmt.Errorf("WEB_DIR: %w", err))
}

// maxParts is how many parts of a file may be asked for at once. A head has room for
// thousands, each of which would be answered with a head of its own; so the file is
// sent whole then (RFC 9110 §14.2 allows that, and §17.15 says why).
const maxParts = 10

// send writes a file, or the part or the "not changed" that the client asks for.
func (a *App) send(w http.ResponseWriter, r *http.Request, name string, v *variant) error {
	h := w.Header()
	h.Set("Content-Type", kindOf(name).mediaType)
	h.Set("ETag", v.etag)
	h.Add("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if isImmutable(name) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	a.secure(h, v)
	if v.coding != "" {
		h.Set("Content-Encoding", v.coding)
		h.Set("Content-Length", strconv.FormatInt(v.size, 10))
	}
	if web.Known(r.Header["If-None-Match"], v.etag) {
		// In the one form that http.ServeContent knows; see web.Tag. In If-Match and
		// If-Range a tag that was rewritten is none of ours: there it is about bytes.
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

// content keeps back http.ServeContent's refusals, which are plain text.
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

func (a *App) secure(h http.Header, v *variant) {
	policy := v.policy
	switch {
	case policy != "":
	case a.embedded:
		policy = embeddedPolicy
	default:
		policy = buildScripts + buildPolicy + noBase // workers have the policy of their script
	}
	h.Set("Content-Security-Policy", policy)
	if a.embedded {
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
		return
	}
	// A team's app may open somebody's sign-in or payment and hear from it, and use a camera.
	h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
}
