package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"vestibule/internal/waittest"
)

func TestWebSocket(t *testing.T) {
	t.Parallel()
	api := newSocketAPI()
	r := newRig(t, api)
	conn, res := r.dial("X-User-Id", "usr_admin")
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()

	t.Run("the API gets the client's handshake and our identity headers", func(t *testing.T) {
		req := <-api.requests
		if req.RequestURI != "/api/socket?a=1" || len(req.Header["Sec-Websocket-Key"]) != 1 || len(req.Header["Sec-Websocket-Extensions"]) != 1 {
			t.Errorf("the API got %s %v", req.RequestURI, req.Header)
		}
		for _, name := range []string{"Sec-Websocket-Key", "Sec-Websocket-Extensions", "X-Request-Id", "Traceparent"} {
			delete(req.Header, name)
		}
		want := r.ownHeaders()
		want["Connection"], want["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
		want["Accept-Encoding"], want["User-Agent"] = []string{"gzip"}, []string{"Go-http-client/1.1"}
		want["Sec-Websocket-Version"], want["Sec-Websocket-Protocol"] = []string{"13"}, []string{"chat,other"}
		if diff := cmp.Diff(want, req.Header); diff != "" {
			t.Errorf("headers at the API (-want +got):\n%s", diff)
		}
	})
	t.Run("the client gets the headers of the handshake only", func(t *testing.T) {
		for _, name := range []string{"Sec-Websocket-Accept", "Sec-Websocket-Extensions"} {
			if len(res.Header[name]) != 1 {
				t.Errorf("%s: got %q", name, res.Header[name])
			}
			delete(res.Header, name)
		}
		want := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Protocol": {"chat"}}
		if diff := cmp.Diff(want, res.Header); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
	})
	t.Run("messages pass both ways, large ones too", func(t *testing.T) {
		for _, message := range [][]byte{[]byte("hello"), {}, bytes.Repeat([]byte("0123456789"), 300_000)} {
			done := make(chan error, 1)
			go func() { done <- conn.Write(ctx, websocket.MessageBinary, message) }()
			kind, got, err := conn.Read(ctx)
			if err != nil || kind != websocket.MessageBinary || !bytes.Equal(got, message) {
				t.Fatalf("got %d bytes (%v), want %d", len(got), err, len(message))
			}
			if err := waittest.Receive(t, "the end of the write", done); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("the API's closing handshake passes", func(t *testing.T) {
		if err := conn.Write(ctx, websocket.MessageText, []byte("bye")); err != nil {
			t.Fatal(err)
		}
		_, _, err := conn.Read(ctx)
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != 4321 || closed.Reason != "as you wish" {
			t.Errorf("got %v", err)
		}
		if err := waittest.Receive(t, "the API's end", api.ended); err != nil {
			t.Errorf("the API: %v", err)
		}
	})
	t.Run("the client's closing handshake passes", func(t *testing.T) {
		conn, _ := r.dial()
		if err := conn.Close(4000, "enough"); err != nil {
			t.Error(err)
		}
		err := waittest.Receive(t, "the API's end", api.ended)
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != 4000 || closed.Reason != "enough" {
			t.Errorf("the API got %v", err)
		}
	})
}

// TestBytesAroundTheHandshakeAreKept: each side may send bytes directly after the handshake.
func TestBytesAroundTheHandshakeAreKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
		_, _ = http.ReadRequest(in)
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nAPI first")
		early := make([]byte, len("client first"))
		_, _ = io.ReadFull(in, early)
		_, _ = conn.Write(early)
	}))
	c := r.raw(handshake + "client first")
	if _, err := http.ReadResponse(c.r, nil); err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(c.r); string(got) != "API firstclient first" {
		t.Errorf("got %q", got)
	}
}
