package proxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// socketAPI is an API that echoes messages and reports how each WebSocket ended.
type socketAPI struct {
	requests chan *http.Request
	ended    chan error
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

func newSocketAPI() *socketAPI {
	return &socketAPI{make(chan *http.Request, 10), make(chan error, 10)}
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
