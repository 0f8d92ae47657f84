package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"vestibule/internal/waittest"
)

// sentAnswer is an answer of the API with a Content-Length of 10, whose header was written.
func sentAnswer(t *testing.T, mediaType string) (*answer, *httptest.ResponseRecorder) {
	t.Helper()
	w := httptest.NewRecorder()
	x := &exchange{in: httptest.NewRequest("GET", "/", nil), client: http.NewResponseController(w)}
	x.ctx, x.cancel = context.WithCancelCause(t.Context())
	a := &x.answer
	a.x, a.w = x, w
	a.expect(&http.Response{ContentLength: 10, Header: http.Header{"Content-Type": {mediaType}}})
	a.WriteHeader(200)
	t.Cleanup(func() { a.end(false) })
	return a, w
}

func (a *answer) isUnsent() bool {
	a.gate.mu.Lock()
	defer a.gate.mu.Unlock()
	return a.unsent
}

func TestAPartOfAnAnswerIsSentSoon(t *testing.T) {
	t.Parallel()
	a, w := sentAnswer(t, "application/json")
	if _, err := a.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the API sends nothing more
		a.sendSoon()
	}
	waittest.Until(t, "the part is sent", func() bool { return !a.isUnsent() })
	_, _ = a.Write([]byte("you"))
	a.sendSoon()
	waittest.Until(t, "the next part is sent", func() bool { return !a.isUnsent() })
	a.end(false)
	if w.Body.String() != "helloyou" || !w.Flushed {
		t.Errorf("got %q, flushed %t", w.Body, w.Flushed)
	}
}

// TestAFullBufferIsSentSoon: ReverseProxy flushes each write of an answer of unknown length.
func TestAFullBufferIsSentSoon(t *testing.T) {
	t.Parallel()
	a, w := sentAnswer(t, "application/json")
	a.length = -1
	write := func(n int) {
		t.Helper()
		if _, err := a.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		if err := a.FlushError(); err != nil {
			t.Fatal(err)
		}
	}
	write(largeBuffer)
	if !a.isUnsent() || w.Flushed {
		t.Error("a full buffer was flushed at once")
	}
	a.sendSoon() // the API sends nothing more
	waittest.Until(t, "the end of the chunk is sent", func() bool { return !a.isUnsent() })
	w.Flushed = false
	if write(largeBuffer - 1); a.isUnsent() || !w.Flushed {
		t.Error("a part of a buffer waits")
	}
}

// TestAFlushDoesNotWaitForAQuestion: ReverseProxy flushes the header in another goroutine, and
// cannot end the answer before that has returned. Nor could it read how the API's answer ends.
func TestAFlushDoesNotWaitForAQuestion(t *testing.T) {
	t.Parallel()
	a, w := sentAnswer(t, eventStream)
	a.questions = &questions{tail: []byte("dat")} // in the middle of an event
	a.gate.enter()                                // a question is being written
	flushed := make(chan error, 1)
	go func() {
		a.sendSoon()
		flushed <- a.FlushError()
	}()
	if err := waittest.Receive(t, "the flush returns", flushed); err != nil || w.Flushed {
		t.Errorf("got %v, flushed %t", err, w.Flushed)
	}
	a.gate.leave()
	a.writeComment()
	if !w.Flushed || w.Body.Len() != 0 {
		t.Errorf("got %q, flushed %t, want what was left to be flushed", w.Body, w.Flushed)
	}
}

func TestACompleteAnswerNeedsNoTimer(t *testing.T) {
	t.Parallel()
	a, w := sentAnswer(t, "application/json")
	_, _ = a.Write([]byte("helloworld"))
	a.sendSoon()
	if a.timer != nil || a.unwatch != nil || w.Flushed {
		t.Errorf("got a timer %t, a watch %t, flushed %t; want none", a.timer != nil, a.unwatch != nil, w.Flushed)
	}
}

// hereBody has its next bytes, or waits for them.
type hereBody struct {
	io.Reader
	here bool
}

func (b hereBody) Ready() bool { return b.here }
func (hereBody) Close() error  { return nil }

// TestBytesThatAreHereNeedNoTimer: only a read that may wait needs one. A body that cannot tell
// may wait.
func TestBytesThatAreHereNeedNoTimer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body  io.ReadCloser
		timer bool
	}{
		"here":     {hereBody{strings.NewReader("hello"), true}, false},
		"not here": {hereBody{strings.NewReader("hello"), false}, true},
		"unknown":  {io.NopCloser(strings.NewReader("hello")), true},
	} {
		a, _ := sentAnswer(t, "application/json")
		a.x.received = responseBody{ReadCloser: tt.body, x: a.x}
		if n, err := a.x.received.Read(make([]byte, 10)); n != 5 || err != nil {
			t.Errorf("%s: got %d bytes, %v", name, n, err)
		}
		if (a.timer != nil) != tt.timer {
			t.Errorf("%s: a timer %t, want %t", name, a.timer != nil, tt.timer)
		}
	}
}

func TestEventsOfKnownLengthDoNotWait(t *testing.T) {
	t.Parallel()
	a, w := sentAnswer(t, eventStream)
	_, _ = a.Write([]byte("data:\n\n"))
	if a.sendSoon(); a.isUnsent() || a.timer != nil || !w.Flushed {
		t.Errorf("unsent %t, a timer %t, flushed %t", a.isUnsent(), a.timer != nil, w.Flushed)
	}
}

// TestNothingIsSentAfterTheEnd: the connection then belongs to the next request.
func TestNothingIsSentAfterTheEnd(t *testing.T) {
	t.Parallel()
	for _, cut := range []bool{false, true} {
		a, w := sentAnswer(t, "application/json")
		a.sendSoon()
		a.end(cut)
		w.Flushed = false // no goroutine may look any more: this is for the race detector too
		if a.timer.Stop() {
			t.Errorf("cut %t: the timer still runs", cut)
		}
	}
}

// TestALongAnswerIsWatched: its writes may wait for the client.
func TestALongAnswerIsWatched(t *testing.T) {
	t.Parallel()
	a, _ := sentAnswer(t, "application/json")
	_, _ = a.Write(make([]byte, buffered))
	if a.unwatch != nil {
		t.Error("got a watch for what net/http keeps in memory, want none")
	}
	_, _ = a.Write(make([]byte, 1))
	if a.unwatch == nil {
		t.Fatal("got no watch, want one")
	}
	a.x.cancel(errClientLeft)
	waittest.Until(t, "writes are cut", func() bool { _, err := a.Write([]byte("x")); return err != nil })
}

// TestSharedValuesStayAsTheyAre: many answers have the same slices.
func TestSharedValuesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for range 2 {
		api := http.Header{}
		limitCaching(api)
		ours := http.Header{"Vary": {"Origin"}}
		merge(ours, api)
		for _, name := range []string{"Vary", "Cache-Control"} {
			ours.Add(name, "added")
			api.Add(name, "added")
		}
	}
	if !slices.Equal(onlyNoStore, []string{noStore}) || !slices.Equal(onlyCookie, []string{"Cookie"}) || !slices.Equal(originAndCookie, []string{"Origin", "Cookie"}) {
		t.Errorf("got %q, %q, %q", onlyNoStore, onlyCookie, originAndCookie)
	}
	if cap(onlyNoStore) != 1 || cap(onlyCookie) != 1 || cap(originAndCookie) != 2 {
		t.Error("an append would write into a shared slice")
	}
}

// TestHeadersOfAnotherSpellingAreWithheld: an API in the process may write names as it likes.
func TestHeadersOfAnotherSpellingAreWithheld(t *testing.T) {
	t.Parallel()
	ours := http.Header{}
	merge(ours, canonical(http.Header{"set-cookie": {"a=b"}, "x-one": {"1"}, "X-One": {"2"}, "Etag": {`"x"`}}))
	if _, set := ours["Set-Cookie"]; set || len(ours["X-One"]) != 2 || len(ours["Etag"]) != 1 || ours[strings.ToLower("Set-Cookie")] != nil {
		t.Errorf("got %v", ours)
	}
}

func TestCommonHeadersAreNotWithheld(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Cache-Control", "Content-Length", "Content-Type", "Date", "Etag", "Vary"} {
		if withhold(name) || withheld[name] {
			t.Errorf("%s is withheld", name)
		}
	}
}
