package web

import (
	"io"
	"net/http"
	"time"
)

// Deadlines bound slow clients without bounding long answers. http.Server's
// own ReadTimeout and WriteTimeout count from the start of a request, which
// would end every stream; these move on as long as bytes move.
type Deadlines struct {
	Stall time.Duration // longest time that one read or write may stand still
	Grace time.Duration // a body may take this long whatever its size, and then
	Rate  int64         // must have averaged this many bytes per second
}

// DefaultDeadlines is what both surfaces use: a phone on a bad line passes, a
// client that trickles a byte every few seconds does not.
var DefaultDeadlines = Deadlines{Stall: 30 * time.Second, Grace: 30 * time.Second, Rate: 500}

// Wrap returns next with its reads and writes bounded.
func (d Deadlines) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		// The previous request on this connection left its write deadline behind.
		_ = c.SetWriteDeadline(time.Time{})
		if r.Body == nil || r.Body == http.NoBody {
			// Left in place, the server's read deadline would fire in its
			// background read in the middle of a long answer and cancel it.
			_ = c.SetReadDeadline(time.Time{})
		} else {
			r.Body = &timedBody{ReadCloser: r.Body, c: c, limits: d, start: time.Now()}
		}
		next.ServeHTTP(&timedWriter{ResponseWriter: w, c: c, stall: d.Stall}, r)
	})
}

type timedBody struct {
	io.ReadCloser
	c      *http.ResponseController
	limits Deadlines
	start  time.Time
	read   int64
}

func (b *timedBody) Read(p []byte) (int, error) {
	byRate := b.start.Add(b.limits.Grace + time.Duration(b.read/b.limits.Rate)*time.Second)
	deadline := time.Now().Add(b.limits.Stall)
	if byRate.Before(deadline) {
		deadline = byRate
	}
	_ = b.c.SetReadDeadline(deadline) // not supported in-process, where nothing stalls
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if err == io.EOF {
		_ = b.c.SetReadDeadline(time.Time{})
	}
	return n, err
}

type timedWriter struct {
	http.ResponseWriter
	c     *http.ResponseController
	stall time.Duration
}

func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *timedWriter) WriteHeader(status int) {
	_ = w.c.SetWriteDeadline(time.Now().Add(w.stall))
	w.ResponseWriter.WriteHeader(status)
}

func (w *timedWriter) Write(p []byte) (int, error) {
	_ = w.c.SetWriteDeadline(time.Now().Add(w.stall))
	return w.ResponseWriter.Write(p)
}

// FlushError is found by http.ResponseController before Unwrap: a flush
// writes, so it needs a deadline of its own.
func (w *timedWriter) FlushError() error {
	_ = w.c.SetWriteDeadline(time.Now().Add(w.stall))
	return w.c.Flush()
}
