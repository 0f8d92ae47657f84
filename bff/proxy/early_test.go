package proxy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/internal/inprocess"
)

const mb = 1 << 20

// refusing is an API that answers after it has read the header of a request and closes
// the connection without reading the body, as many servers do.
func refusing(t *testing.T, requests *atomic.Int32) string {
	return rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		requests.Add(1)
		_, _ = io.WriteString(conn, "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 9\r\n\r\ntoo large")
	})
}

// TestAnEarlyAnswerOfTheAPIIsNotLost: the write of the upload fails before, during or after
// the reading of the answer.
func TestAnEarlyAnswerOfTheAPIIsNotLost(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{64 << 10, 4 * mb, 32 * mb} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d KiB, chunked %t", size>>10, chunked), func(t *testing.T) {
				var requests atomic.Int32
				r := newRig(t, refusing(t, &requests))
				got := map[string]int{}
				const rounds = 30
				for range rounds {
					got[r.upload(readsWhileSending, size, chunked)]++
				}
				if got["413 too large"] != rounds || requests.Load() != rounds {
					t.Errorf("got %v of %d requests for %d uploads", got, requests.Load(), rounds)
				}
			})
		}
	}
}

// sender is a client that sends an upload and returns the answer.
type sender func(conn net.Conn, head string, size int64, chunked bool) (*http.Response, error)

// readsWhileSending is a client that reads while it sends, as browsers and curl do.
func readsWhileSending(conn net.Conn, head string, size int64, chunked bool) (*http.Response, error) {
	sent := make(chan error, 1)
	go func() { sent <- send(conn, head, size, chunked) }()
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "POST"})
	if err != nil {
		return nil, fmt.Errorf("no answer: %w; sending the upload ended with %v", err, <-sent)
	}
	return res, nil
}

// readsAfterSending is a client that reads after it has sent everything, like Python's http.client.
func readsAfterSending(conn net.Conn, head string, size int64, chunked bool) (*http.Response, error) {
	if err := send(conn, head, size, chunked); err != nil {
		return nil, fmt.Errorf("sending: %w", errors.Unwrap(err))
	}
	return http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "POST"})
}

// plainPiece and chunkedPiece are the pieces of all uploads. With the race detector, a new
// piece for each write costs more time than the write.
var (
	plainPiece   = bytes.Repeat([]byte("x"), 64<<10)
	chunkedPiece = fmt.Appendf(nil, "%x\r\n%s\r\n", len(plainPiece), plainPiece)
)

func send(conn net.Conn, head string, size int64, chunked bool) error {
	framing, piece := fmt.Sprintf("Content-Length: %d", size), plainPiece
	if chunked {
		framing, piece = "Transfer-Encoding: chunked", chunkedPiece
	}
	if _, err := fmt.Fprintf(conn, "%s\r\n%s\r\n\r\n", head, framing); err != nil {
		return err
	}
	for left := size; left > 0; left -= 64 << 10 {
		if _, err := conn.Write(piece); err != nil {
			return err
		}
	}
	if chunked {
		_, err := io.WriteString(conn, "0\r\n\r\n")
		return err
	}
	return nil
}

// upload sends an upload and describes the answer.
func (r *rig) upload(by sender, size int64, chunked bool) string {
	conn, err := net.Dial("tcp", r.front.Listener.Addr().String())
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(waitLimit))
	res, err := by(conn, "POST /api/proxy/x HTTP/1.1\r\nHost: app\r\nCookie: a=b", size, chunked)
	if err != nil {
		return err.Error()
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", res.StatusCode, body)
}

// TestTheClientGetsAnEarlyAnswer also covers clients that read only after they have sent
// everything.
func TestTheClientGetsAnEarlyAnswer(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]sender{"reading while sending": readsWhileSending, "reading after sending": readsAfterSending} {
		for _, size := range []int64{64 << 10, 4 * mb, 16 * mb} {
			t.Run(fmt.Sprintf("%s, %d KiB", name, size>>10), func(t *testing.T) {
				var requests atomic.Int32
				r := newRig(t, refusing(t, &requests))
				got := map[string]int{}
				const rounds = 6
				for i := range rounds {
					got[r.upload(by, size, i%2 == 1)]++
				}
				if got["413 too large"] != rounds {
					t.Errorf("got %v", got)
				}
			})
		}
	}
}

// TestAnEarlyAnswerOverTLS: with TLS, all writes fail after the first failed one.
func TestAnEarlyAnswerOverTLS(t *testing.T) {
	t.Parallel()
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack() // nobody reads from it
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 9\r\n\r\ntoo large")
		_ = conn.(*tls.Conn).NetConn().Close()
	}))
	api.StartTLS()
	t.Cleanup(api.Close)
	r := newRig(t, api.URL, func(c *Config) {
		transport := newTransport(waitLimit)
		t.Cleanup(transport.CloseIdleConnections)
		transport.TLSClientConfig.RootCAs = api.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		c.Transport = transport
	})
	got := map[string]int{}
	const rounds = 10
	for i := range rounds {
		got[r.upload(readsWhileSending, 4*mb, i%2 == 1)]++
	}
	if got["413 too large"] != rounds {
		t.Errorf("got %v", got)
	}
}

// TestAnEarlyAnswerInProcess: there is no connection that could break.
func TestAnEarlyAnswerInProcess(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		_, _ = io.WriteString(w, "too large")
	})
	r := newRig(t, "http://api.internal", func(c *Config) { c.Transport = &inprocess.Transport{Handler: api} })
	for _, by := range []sender{readsWhileSending, readsAfterSending} {
		for _, size := range []int64{64 << 10, 4 * mb, 16 * mb} {
			got := map[string]int{}
			const rounds = 10
			for i := range rounds {
				got[r.upload(by, size, i%2 == 1)]++
			}
			if got["413 too large"] != rounds {
				t.Errorf("%d KiB: got %v", size>>10, got)
			}
		}
	}
	if n := requests.Load(); n != 60 {
		t.Errorf("the API got %d requests for 60 uploads", n)
	}
}

// TestAnAPIThatDiesDuringAnUploadIsA502: the proxy does not wait for an answer that cannot
// come, and sends nothing again.
func TestAnAPIThatDiesDuringAnUploadIsA502(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	r := newRig(t, rawAPI(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err == nil {
			requests.Add(1)
			_ = conn.(*net.TCPConn).SetLinger(int(requests.Load()%2) - 1) // alternately a reset and a normal close
		}
	}), func(c *Config) { c.Timeout = time.Hour })
	const rounds = 20
	for i := range rounds {
		if got := r.upload(readsWhileSending, 4*mb, i%4 > 1); !strings.HasPrefix(got, "502 ") {
			t.Errorf("got %s", got)
		}
	}
	if n := requests.Load(); n != rounds {
		t.Errorf("the API got %d requests for %d uploads", n, rounds)
	}
}

// TestATLSHandshakeTimesOut: the API accepts connections but sends nothing.
func TestATLSHandshakeTimesOut(t *testing.T) {
	t.Parallel()
	silent := rawAPI(t, func(_ net.Conn, in *bufio.Reader) { _, _ = io.Copy(io.Discard, in) })
	r := newRig(t, strings.Replace(silent, "http:", "https:", 1), func(c *Config) {
		transport := newTransport(100 * time.Millisecond)
		t.Cleanup(transport.CloseIdleConnections)
		c.Transport = transport
	})
	res, body := r.get("/api/proxy/x")
	r.wantError(res, body, http.StatusGatewayTimeout, "GATEWAY_TIMEOUT")
}
