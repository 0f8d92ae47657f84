package web

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/coder/websocket"
)

func TestAnUpgradeIsRecordedAs101(t *testing.T) {
	t.Parallel()
	var log logBuffer
	ts := startServer(t, testHandler(log.logger(), DefaultDeadlines, func(w http.ResponseWriter, r *http.Request) error {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return nil
		}
		defer func() { _ = ws.CloseNow() }()
		kind, message, err := ws.Read(r.Context())
		if err != nil {
			t.Error(err)
			return nil
		}
		if err := ws.Write(r.Context(), kind, message); err != nil {
			t.Error(err)
		}
		return errors.New("said after the upgrade")
	}))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, res, err := websocket.Dial(ctx, ts.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got status %d, want 101", res.StatusCode)
	}
	if err := ws.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := ws.Read(ctx); err != nil || string(got) != "hello" {
		t.Fatalf("got %q, %v, want the message back", got, err)
	}
	_ = ws.CloseNow()
	if rec := log.records(t, 1)[0]; rec["status"] != 101.0 || rec["error"] != "said after the upgrade" {
		t.Errorf("got record %v, want status 101 and the handler's error", rec)
	}
}

// httputil.ReverseProxy writes its 101 on the hijacked connection.
func TestA101ThatIsWrittenOnTheConnectionIsRecorded(t *testing.T) {
	t.Parallel()
	var log logBuffer
	ts := startServer(t, testHandler(log.logger(), DefaultDeadlines, func(w http.ResponseWriter, _ *http.Request) error {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return err
		}
		return conn.Close()
	}))
	c := dial(t, ts)
	c.send(get)
	c.wantClosed()
	if rec := log.records(t, 1)[0]; rec["status"] != 101.0 {
		t.Errorf("got record %v, want status 101", rec)
	}
}
