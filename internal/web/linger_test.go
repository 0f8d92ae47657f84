package web

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestARefusedUploadGetsItsAnswer: a client that reads only after it has sent everything
// must not be reset before.
func TestARefusedUploadGetsItsAnswer(t *testing.T) {
	t.Parallel()
	ts := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not you", http.StatusForbidden)
	}))
	piece := strings.Repeat("x", 1<<20)
	for range 5 {
		c := dial(t, ts)
		c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16777216\r\n\r\n")
		for range 16 {
			c.send(piece)
		}
		if res, _ := c.answer(); res.StatusCode != http.StatusForbidden {
			t.Fatalf("got %s, want the refusal", res.Status)
		}
	}
}

// TestLingeringEnds: a client cannot keep a finished connection open, neither by silence
// nor by sending on.
func TestLingeringEnds(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string][2]time.Duration{
		"for the silent":  {50 * time.Millisecond, time.Hour},
		"for the talking": {time.Hour, 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, server := net.Pipe()
			defer client.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				(&tapedConn{Conn: server}).linger(limits[0], limits[1])
			}()
			if strings.HasSuffix(name, "talking") {
				go func() {
					for {
						if _, err := io.WriteString(client, "x"); err != nil {
							return
						}
					}
				}()
			}
			select {
			case <-done:
			case <-time.After(patience):
				t.Fatal("the connection stays open")
			}
			if _, err := client.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("got %v, want the connection closed", err)
			}
		})
	}
}
