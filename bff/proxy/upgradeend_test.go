package proxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

func TestAWebSocketEnds(t *testing.T) {
	t.Parallel()
	t.Run("when the client leaves", func(t *testing.T) {
		api := newSocketAPI()
		r := newRig(t, api)
		conn, _ := r.dial()
		conn.CloseNow()
		waittest.Receive(t, "the API's end", api.ended)
	})
	t.Run("when the client leaves and the API does not react", func(t *testing.T) {
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
	t.Run("when the client leaves, after its last bytes have arrived", func(t *testing.T) {
		received := make(chan string, 1)
		r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
			upgradeRaw(conn, in)
			time.Sleep(100 * time.Millisecond) // busy while the client disconnects
			rest, _ := io.ReadAll(in)
			received <- string(rest)
		}))
		c := r.upgrade()
		c.send("last bytes")
		c.Close()
		if got := waittest.Receive(t, "the bytes at the API", received); got != "last bytes" {
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
	t.Run("when the client reads nothing for a long time", func(t *testing.T) {
		conn := &deadlines{}
		n, err := (&tunnel{Conn: conn}).Write([]byte("hello"))
		if left := time.Until(conn.write); n != 5 || err != nil || left <= 0 || left > tunnelStall {
			t.Errorf("got %d, %v and %v for the write", n, err, left)
		}
	})
	t.Run("when the session ends, even if neither side sends", func(t *testing.T) {
		api := newSocketAPI()
		r := newRig(t, api)
		conn, _ := r.dial()
		start := time.Now()
		r.endSession()
		if _, _, err := conn.Read(t.Context()); err == nil {
			t.Error("got a message")
		}
		waittest.Receive(t, "the API's end", api.ended)
		if took := time.Since(start); took > promptly {
			t.Errorf("the end took %v", took)
		}
	})
	t.Run("when the session ends, even if the client reads nothing", func(t *testing.T) {
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
	t.Run("at the client too when the session ends, even if the proxy waits for it", func(t *testing.T) {
		client, conn := net.Pipe()
		x := &exchange{in: &http.Request{}}
		x.ctx, x.cancel = context.WithCancelCause(t.Context())
		newTunnel(conn, bufio.NewReader(conn), x)
		x.endLease(errSessionOver)
		ended := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, client)
			ended <- err
		}()
		if err := waittest.Receive(t, "the end of the client's connection", ended); err != nil {
			t.Errorf("got %v, want the end", err)
		}
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
