package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// said is a message of the chat.
type said struct{ From, Text, Left string }

// socket is a WebSocket of a browser.
type socket struct {
	t    *testing.T
	conn *websocket.Conn
}

// dial opens a WebSocket from a page of an origin.
func (b *browser) dial(t *testing.T, path, origin string) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return websocket.Dial(ctx, b.origin+path, &websocket.DialOptions{
		HTTPHeader: http.Header{"Cookie": {"better-auth.session_token=" + b.cookie()}, "Origin": {origin}},
	})
}

// joins opens the chat.
func (b *browser) joins(t *testing.T) *socket {
	t.Helper()
	conn, _, err := b.dial(t, "/api/proxy/chat/", b.origin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return &socket{t, conn}
}

// mayNotJoin wants a refusal instead of the chat.
func (b *browser) mayNotJoin(t *testing.T, path, origin string, status int, code string) {
	t.Helper()
	conn, res, err := b.dial(t, path, origin)
	if err == nil {
		conn.CloseNow()
		t.Fatalf("%s from %s: got a WebSocket, want %d", path, origin, status)
	}
	if res == nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(res.Body); res.StatusCode != status || !strings.Contains(string(text), code) {
		t.Errorf("%s from %s: got %d %s, want %d %s", path, origin, res.StatusCode, text, status, code)
	}
}

func (s *socket) say(text string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *socket) read() ([]byte, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	_, text, err := s.conn.Read(ctx)
	return text, err
}

func (s *socket) want(want said) {
	s.t.Helper()
	text, err := s.read()
	var got said
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil || got != want {
		s.t.Fatalf("got %q and error %v, want %+v", text, err, want)
	}
}

// chat ends with the sign-out of ada.
func (a *ownAPIs) chat(t *testing.T, ada, bob *browser, adaID, bobID string) {
	const evil = "https://evil.example"
	bob.mayNotJoin(t, "/api/proxy/chat/", evil, 403, "INVALID_ORIGIN")
	bob.mayNotJoin(t, "/api/proxy/quiet/", a.bff, 403, "WEBSOCKET_NOT_ALLOWED")
	bob.mayNotJoin(t, "/api/proxy/mistaken/", a.bff, 502, "UPSTREAM_REJECTED_TOKEN")
	newBrowser(t, a.bff).mayNotJoin(t, "/api/proxy/chat/", a.bff, 401, "NO_SESSION")

	adas, bobs, window := ada.joins(t), bob.joins(t), bob.joins(t)
	adas.say("hello")
	bobs.want(said{From: adaID, Text: "hello"})
	window.want(said{From: adaID, Text: "hello"})
	bobs.say("héllo, too")
	adas.want(said{From: bobID, Text: "héllo, too"})
	window.want(said{From: bobID, Text: "héllo, too"})

	ada.want(ada.send("POST", a.bff+"/api/auth/sign-out", ""), 200, "true")
	if text, err := adas.read(); websocket.CloseStatus(err) != 4401 {
		t.Errorf("after the sign-out: got %q and error %v, want the close code 4401", text, err)
	}
	bobs.want(said{Left: adaID})
	window.want(said{Left: adaID})
	window.say("still here")
	bobs.want(said{From: bobID, Text: "still here"})
}
