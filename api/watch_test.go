package api

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// stream is an open stream of events, read block by block.
type stream struct {
	res    *http.Response
	blocks chan string // closed when the stream has ended
	leave  context.CancelFunc
}

// watch opens a stream of ada's events.
func (s *surface) watch(t *testing.T, header http.Header) *stream {
	t.Helper()
	return s.watchAt(t, "/api/me/tasks/events", header)
}

func (s *surface) watchAt(t *testing.T, path string, header http.Header) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("got %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	st := &stream{res: res, blocks: make(chan string, 1000), leave: cancel}
	go func() {
		defer close(st.blocks)
		in := bufio.NewScanner(res.Body)
		var block strings.Builder
		for in.Scan() {
			if in.Text() != "" {
				block.WriteString(in.Text() + "\n")
				continue
			}
			st.blocks <- block.String()
			block.Reset()
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = res.Body.Close()
	})
	return st
}

// next returns the next block.
func (st *stream) next(t *testing.T) string {
	t.Helper()
	select {
	case block, open := <-st.blocks:
		if !open {
			t.Fatal("the stream has ended")
		}
		return block
	case <-time.After(waittest.Patience):
		t.Fatal("no event in time")
	}
	return ""
}

func (st *stream) ends(t *testing.T) {
	t.Helper()
	for deadline := time.After(waittest.Patience); ; {
		select {
		case _, open := <-st.blocks:
			if !open {
				return
			}
		case <-deadline:
			t.Fatal("the stream goes on")
		}
	}
}

func event(id int, kind, task string) string {
	return fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n", id, kind, task)
}
