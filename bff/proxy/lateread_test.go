package proxy

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// lateReader is a transport whose answer comes before the upload is read, and that goes on
// reading when the exchange is over, as http.Transport may.
type lateReader struct{ sent, over chan struct{} }

func (l lateReader) RoundTrip(r *http.Request) (*http.Response, error) {
	go func() {
		defer close(l.over)
		_, _ = io.Copy(io.Discard, r.Body)
	}()
	return &http.Response{StatusCode: http.StatusRequestEntityTooLarge, ContentLength: 9, Header: http.Header{},
		Body: io.NopCloser(io.MultiReader(strings.NewReader("too large"), waitingReader(l.sent))), Request: r}, nil
}

// waitingReader ends when its channel is closed.
type waitingReader chan struct{}

func (w waitingReader) Read([]byte) (int, error) {
	<-w
	return 0, io.EOF
}

// slowFlush is a client that takes a flush only when the reader is over.
type slowFlush struct {
	http.ResponseWriter
	lateReader
	once *sync.Once
}

func (s slowFlush) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s slowFlush) FlushError() error {
	s.once.Do(func() { close(s.sent) })
	<-s.over
	time.Sleep(50 * time.Millisecond) // for what the reader has caused
	return http.NewResponseController(s.ResponseWriter).Flush()
}

// TestAReadAfterTheExchangeCutsNoAnswer: the answer is complete, but not sent yet, when the
// exchange stops the goroutine that still reads the request's body. net/http takes that for a
// client that has left, and ends the context. Whether a read is running then is a matter of luck,
// so there are several rounds.
func TestAReadAfterTheExchangeCutsNoAnswer(t *testing.T) {
	t.Parallel()
	for round := range 6 {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			t.Parallel()
			late := lateReader{make(chan struct{}), make(chan struct{})}
			r := newRig(t, "http://api.internal", func(c *Config) { c.Transport = late })
			inner := r.front.Config.Handler
			r.front.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				inner.ServeHTTP(slowFlush{w, late, new(sync.Once)}, req)
			})
			if got := r.upload(readsWhileSending, 32*mb, true); got != "413 too large" {
				t.Errorf("got %s", got)
			}
		})
	}
}
