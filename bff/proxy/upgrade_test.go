package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"vestibule/internal/waittest"
)

// socketAPI is an API that echoes messages and reports how each WebSocket ended.
type socketAPI struct {
	requests chan *http.Request
	ended    chan error
}

func newSocketAPI() *socketAPI {
	return &socketAPI{make(chan *http.Request, 10), make(chan error, 10)}
}

func (a *socketAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.requests <- r
	w.Header().Set("Set-Cookie", "tunnel=1")
	w.Header().Set("Server", "sockets")
	w.Header().Set("X-Extra", "1")
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{"chat"}, CompressionMode: websocket.CompressionContextTakeover,
	})
	if err != nil {
		a.ended <- err
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	for {
		kind, message, err := conn.Read(r.Context())
		if err != nil {
			a.ended <- err
			return
		}
		if string(message) == "bye" {
			a.ended <- conn.Close(4321, "as you wish")
			return
		}
		if err := conn.Write(r.Context(), kind, message); err != nil {
			a.ended <- err
			return
		}
	}
}

func (r *rig) dial(header ...string) (*websocket.Conn, *http.Response) {
	r.Helper()
	h := http.Header{"Cookie": {"session=secret"}, "Origin": {"https://app.example"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	ctx, cancel := context.WithTimeout(r.Context(), waitLimit)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, r.front.URL+"/api/proxy/socket?a=1", &websocket.DialOptions{
		HTTPHeader: h, Subprotocols: []string{"chat", "other"}, CompressionMode: websocket.CompressionContextTakeover,
	})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { conn.CloseNow() })
	conn.SetReadLimit(-1)
	return conn, res
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	api := newSocketAPI()
	r := newRig(t, api)
	conn, res := r.dial("X-User-Id", "usr_admin")
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()

	t.Run("the handshake is the client's, the identity ours", func(t *testing.T) {
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
	t.Run("its answer has what belongs to it", func(t *testing.T) {
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

func TestAWebSocketEnds(t *testing.T) {
	t.Parallel()
	t.Run("when the client leaves", func(t *testing.T) {
		api := newSocketAPI()
		r := newRig(t, api)
		conn, _ := r.dial()
		conn.CloseNow()
		waittest.Receive(t, "the API's end", api.ended)
	})
	t.Run("when the client leaves and the API does not care", func(t *testing.T) {
		stop := make(chan struct{})
		r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
			upgradeRaw(conn, in)
			<-stop
		}))
		t.Cleanup(func() { close(stop) })
		c := r.upgrade()
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		c.wantClosed()
	})
	t.Run("when the client leaves, after its last words", func(t *testing.T) {
		heard := make(chan string, 1)
		r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
			upgradeRaw(conn, in)
			time.Sleep(100 * time.Millisecond) // busy while the client disconnects
			words, _ := io.ReadAll(in)
			heard <- string(words)
		}))
		c := r.upgrade()
		c.send("last words")
		c.Close()
		if got := waittest.Receive(t, "what the API heard", heard); got != "last words" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("when the client leaves before the handshake's end", func(t *testing.T) {
		r := newRig(t, rawAPI(t, upgradeRaw))
		w := &disconnectedConn{ResponseRecorder: httptest.NewRecorder()}
		req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(handshake, "\n", "\r\n"))))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.proxy.Serve(w, req.WithContext(t.Context())); err != nil {
			t.Errorf("got %v, but there is no client to answer", err)
		}
	})
	t.Run("when the client takes nothing for long", func(t *testing.T) {
		conn := &deadlines{}
		n, err := (&tunnel{Conn: conn}).Write([]byte("hello"))
		if left := time.Until(conn.write); n != 5 || err != nil || left <= 0 || left > tunnelStall {
			t.Errorf("got %d, %v and %v for the write", n, err, left)
		}
	})
	t.Run("when the session does, though neither side moves", func(t *testing.T) {
		api := newSocketAPI()
		r := newRig(t, api)
		conn, _ := r.dial()
		start := time.Now()
		r.endSession()
		if _, _, err := conn.Read(t.Context()); err == nil {
			t.Error("got a message")
		}
		waittest.Receive(t, "the API's end", api.ended)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
	t.Run("when the session does, though the client takes nothing", func(t *testing.T) {
		ended := make(chan error, 1)
		r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
			upgradeRaw(conn, in)
			_, err := io.Copy(conn, zeros{})
			ended <- err
		}))
		r.upgrade()
		time.Sleep(100 * time.Millisecond) // until all buffers are full
		r.endSession()
		waittest.Receive(t, "the end of the API's connection", ended)
		r.wantLog(`"path":"/api/proxy/socket"`)
	})
	t.Run("when the API hangs up", func(t *testing.T) {
		r := newRig(t, rawAPI(t, upgradeRaw))
		r.upgrade().wantClosed()
	})
}

// disconnectedConn is a client whose connection closes before the protocol switch.
type disconnectedConn struct{ *httptest.ResponseRecorder }

func (*disconnectedConn) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, other := net.Pipe()
	other.Close()
	return conn, bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn)), nil
}

// deadlines is a connection that records its deadline.
type deadlines struct {
	net.Conn
	write time.Time
}

func (c *deadlines) SetWriteDeadline(t time.Time) error { c.write = t; return nil }
func (c *deadlines) Write(p []byte) (int, error)        { return len(p), nil }

const handshake = "GET /api/proxy/socket HTTP/1.1\nHost: app\nCookie: a=b\nOrigin: https://app.example\nConnection: Upgrade\nUpgrade: websocket\n" +
	"Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"

// upgrade opens a tunnel over a raw connection.
func (r *rig) upgrade() *rawConn {
	r.Helper()
	c := r.raw(handshake)
	if res, err := http.ReadResponse(c.r, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		r.Fatalf("got %v (%v)", res, err)
	}
	return c
}

func upgradeRaw(conn net.Conn, in *bufio.Reader) {
	_, _ = http.ReadRequest(in)
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nUPGRADE: WebSocket\r\nSet-Cookie: a=b\r\n\r\n")
}

// TestBytesAroundTheHandshakeAreKept: bytes that a side sends directly after the handshake.
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
