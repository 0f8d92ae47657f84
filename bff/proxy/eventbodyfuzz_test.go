package proxy

import (
	"context"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// FuzzEventBody ends a session between any two pieces of any stream. A client must read the
// events that are complete by then, at most one that had begun, and session.ended; or everything
// if no event ends.
func FuzzEventBody(f *testing.F) {
	f.Add("data: a\n\nevent: b\ndata: c\n\n: comment\n\ndata: d\n\n", 4, 12)
	f.Add("data: a\r\n\r\ndata: b\r\n\r\n", 3, 5)
	f.Add("data: a\r\rdata: b\r\r", 1, 9)
	f.Add("data: a\n\n\r\ndata: b\n\r\n", 2, 3)
	f.Fuzz(func(t *testing.T, data string, piece, passed int) {
		if piece < 1 || passed < 0 || passed > len(data) || strings.Contains(data, "session.ended") {
			return
		}
		if lone := strings.ReplaceAll(data, "\r\n", ""); strings.Contains(lone, "\r") && strings.Contains(data, "\n") {
			return // nobody mixes these: in "\n\r" an event ends where "\n" may still follow
		}
		r := strings.NewReader(data)
		x := &exchange{in: httptest.NewRequest("POST", "/", nil), proxy: &Proxy{stopping: context.Background()}, cutUpstream: func(error) {}}
		x.ctx, x.cancel = context.WithCancelCause(context.Background())
		defer x.cancel(nil)
		body := &eventBody{ReadCloser: io.NopCloser(r), x: x}
		begin := readPieces(t, body, passed, piece)
		x.endLease(errSessionOver)
		rest, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		checkEnded(t, data, append(begin, rest...), len(begin))
	})
}

// readPieces reads n bytes of a body in pieces.
func readPieces(t *testing.T, body io.Reader, n, piece int) (got []byte) {
	t.Helper()
	for len(got) < n {
		p := make([]byte, min(piece, n-len(got)))
		read, err := body.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p[:read]...)
	}
	return got
}

// checkEnded checks what a client got of a stream whose session ended after n bytes.
func checkEnded(t *testing.T, data string, got []byte, n int) {
	t.Helper()
	passed, told := strings.CutSuffix(string(got), lastEvent)
	if !strings.HasPrefix(data, passed) || len(passed) < n || !told && len(passed) < len(data) {
		t.Fatalf("%q, ended after %d bytes: got %q", data, n, got)
	}
	want := events(passed)
	if begun := len(want) - len(events(data[:n])); begun > 1 {
		t.Errorf("%q, ended after %d bytes: got %d more events", data, n, begun)
	}
	if told {
		want = append(want, events(lastEvent)...)
	}
	if read := events(string(got)); !slices.Equal(read, want) {
		t.Errorf("%q, ended after %d bytes: a client reads %q, want %q", data, n, read, want)
	}
}

// events reads the types and data of all events, as the HTML standard says.
func events(stream string) (list []string) {
	var kind, data string
	stream = strings.ReplaceAll(strings.ReplaceAll(stream, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(stream, "\n")
	for _, line := range lines[:len(lines)-1] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && data != "":
			list = append(list, kind+" "+data)
			fallthrough
		case line == "":
			kind, data = "", ""
		case name == "event":
			kind = value
		case name == "data":
			data += value + "\n"
		}
	}
	return list
}
