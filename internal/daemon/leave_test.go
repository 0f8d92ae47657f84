package daemon

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

func TestTheListenersStayOpenForTheDrainDelay(t *testing.T) {
	p, stop, done := startProcess(t, http.NotFoundHandler(), waittest.Patience, waittest.Patience)
	p.drainDelay = 100 * time.Millisecond
	begun := time.Now()
	stop()
	if err := waittest.Receive(t, "end", done); err != nil {
		t.Errorf("got %v, want a clean stop", err)
	}
	if took := time.Since(begun); took < p.drainDelay {
		t.Errorf("the process has ended after %v, want at least %v", took, p.drainDelay)
	}
}

// TestAStoppingProcessAnswersAndSaysGoodbye: connections that clients keep are still
// answered, and so are new ones. Both answers ask the client to close the connection.
func TestAStoppingProcessAnswersAndSaysGoodbye(t *testing.T) {
	p, stop, _ := startProcess(t, http.NotFoundHandler(), time.Millisecond, time.Millisecond)
	p.drainDelay = time.Hour // the end of the test ends it
	get := func(upgrade string) (reused, last bool) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, p.surfaces[0].at.url(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if upgrade != "" {
			r.Header.Set("Upgrade", upgrade)
		}
		trace := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }}
		res, err := http.DefaultTransport.RoundTrip(r.WithContext(httptrace.WithClientTrace(t.Context(), trace)))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return reused, res.Close
	}
	if _, last := get(""); last {
		t.Error("before the stop: the answer closes the connection")
	}
	stop()
	waittest.Until(t, "unready", func() bool { return waittest.Status(p.adminAt.url()+"/readyz") == http.StatusServiceUnavailable })
	if reused, last := get(""); !reused || !last {
		t.Errorf("a kept connection: got reused %t and closed by the answer %t, want both", reused, last)
	}
	if reused, last := get(""); reused || !last {
		t.Errorf("a new connection: got reused %t and closed by the answer %t, want the second", reused, last)
	}
	if _, last := get("websocket"); last {
		t.Error("an upgrade: the answer closes the connection, want its own header")
	}
}
