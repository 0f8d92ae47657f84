package proxy

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// newAnswer is the answer of an event stream to w.
func newAnswer(w http.ResponseWriter) *answer {
	x := &exchange{client: http.NewResponseController(w)}
	return &answer{x: x, w: w, questions: &questions{}}
}

func TestAQuestionIsWrittenBetweenTwoEvents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, written string
		asked         bool
	}{
		{"before the first", "", true},
		{"after an event", "data: a\n\n", true},
		{"after an event that came in pieces", "data: a\n|\n", true},
		{"after one with the other line ends", "data: a\r\n\r|\n", true},
		{"after an old line end", "data: a\r\r", true},
		{"after another question", "data: a\n\n:\n\n", true},
		{"in a line", "data: a\n\ndata: ha", false},
		{"between the lines of an event", "data: a\n|", false},
		{"in a line end", "data: a\r\n\r", false},
		{"after a comment that ends no event", ": \n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			a := newAnswer(w)
			for piece := range strings.SplitSeq(tt.written, "|") {
				_, _ = a.Write([]byte(piece))
			}
			a.writeComment()
			want := strings.ReplaceAll(tt.written, "|", "")
			if tt.asked {
				want += comment
			}
			if got := w.Body.String(); got != want || !w.Flushed {
				t.Errorf("got %q, sent at once: %t; want %q at once", got, w.Flushed, want)
			}
		})
	}
}

// FuzzQuestions asks after every piece of any stream. A client must read the same events.
func FuzzQuestions(f *testing.F) {
	f.Add("data: a\n\nevent: b\ndata: c\n\n: comment\n\ndata: d\n\n", 4)
	f.Add("data: a\r\n\r\ndata: b\r\n\r\n", 1)
	f.Add("data: a\r\rdata: b\r\r", 1)
	f.Add("data: a\n\n\r\ndata: b\n\r\n", 2)
	f.Fuzz(func(t *testing.T, data string, piece int) {
		if lone := strings.ReplaceAll(data, "\r\n", ""); piece < 1 || strings.Contains(lone, "\r") && strings.Contains(data, "\n") {
			return // nobody mixes these (FuzzEventBody)
		}
		w := httptest.NewRecorder()
		a := newAnswer(w)
		a.writeComment()
		for rest := []byte(data); len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			_, _ = a.Write(rest[:min(piece, len(rest))])
			a.writeComment()
		}
		if got, want := events(w.Body.String()), events(data); !slices.Equal(got, want) {
			t.Errorf("%q in pieces of %d: a client reads %q, want %q; it got %q", data, piece, got, want, w.Body)
		}
	})
}
