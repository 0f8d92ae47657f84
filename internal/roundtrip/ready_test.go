package roundtrip

import (
	"io"
	"net/http"
	"testing"
)

// TestABodyKnowsWhatIsHere: who passes it on need not send what it has before a read that waits
// for nothing.
func TestABodyKnowsWhatIsHere(t *testing.T) {
	t.Parallel()
	rest := make(chan struct{})
	s := serve(t, func(s *session) {
		s.next()
		_ = s.say("HTTP/1.1 200 OK\nContent-Length: 3\n\nok") // one write, so it arrives as a whole
		<-rest
		_ = s.say("!")
		s.untilClosed()
	})
	res, err := to(s).RoundTrip(request(t.Context(), s, http.MethodGet))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body := res.Body.(*exchange)
	want := func(when string, ready bool) {
		if body.Ready() != ready {
			t.Errorf("%s: ready %t, want %t", when, !ready, ready)
		}
	}
	want("two bytes are here", true)
	if _, err := io.ReadFull(body, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	want("the server waits", false)
	close(rest)
	if _, err := io.ReadAll(body); err != nil {
		t.Fatal(err)
	}
	want("the answer is over", true)
}
