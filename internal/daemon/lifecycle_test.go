package daemon

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/waittest"
)

// startProcess runs a process with one public surface until the returned stop is
// called. done then receives the result of run.
func startProcess(t *testing.T, h http.Handler, drain, end time.Duration) (p *process, stop func(), done <-chan error) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	at := &listeners{}
	for name, s := range map[string]**server{"bff": &at.bff, "admin": &at.admin} {
		var err error
		if *s, err = listen(t.Context(), name, "X_ADDR", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	p = &process{
		log:       log,
		surfaces:  []surface{{at.bff, h, func(ctx context.Context) { <-ctx.Done() }, nil}},
		adminAt:   at.admin,
		admin:     &admin{log: log},
		keepAlive: waittest.Patience,
		drain:     drain,
		end:       end,
	}
	p.admin.checks = []probe{p.admin.listening(at.all())}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- p.run(ctx) }()
	t.Cleanup(cancel)
	waittest.Until(t, "ready", func() bool { return waittest.Status(at.admin.url()+"/readyz") == http.StatusOK })
	return p, cancel, result
}

func TestRequestsInProgressFinishAfterReadyzFails(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	p, stop, done := startProcess(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		if r.Context().Err() != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}), waittest.Patience, waittest.Patience)
	public, probes := p.surfaces[0].at.url(), p.adminAt.url()

	answer := make(chan int, 1)
	go func() { answer <- waittest.Status(public) }()
	waittest.Receive(t, "request", entered)
	stop()
	waittest.Until(t, "unready", func() bool { return waittest.Status(probes+"/readyz") == http.StatusServiceUnavailable })
	if got := waittest.Status(probes + "/livez"); got != http.StatusOK {
		t.Errorf("while draining: got livez %d, want 200", got)
	}
	waittest.Until(t, "closed to new connections", func() bool { return waittest.Status(public) == 0 })
	select {
	case err := <-done:
		t.Fatalf("run has ended (%v) before the request", err)
	default:
	}
	close(release)
	if got := waittest.Receive(t, "answer", answer); got != http.StatusOK {
		t.Errorf("got %d for the request in progress, want 200", got)
	}
	if err := waittest.Receive(t, "end", done); err != nil {
		t.Errorf("got %v, want a clean stop", err)
	}
	if got := waittest.Status(probes + "/livez"); got != 0 {
		t.Errorf("after the stop: got livez %d, want no answer", got)
	}
}

func TestStreamsEndAfterTheDrainTime(t *testing.T) {
	ended := make(chan struct{})
	p, stop, done := startProcess(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		_, _ = io.WriteString(w, "data: hello\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}), 100*time.Millisecond, waittest.Patience)
	resp, err := http.Get(p.surfaces[0].at.url())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stop()
	waittest.Receive(t, "end of the stream", ended)
	if err := waittest.Receive(t, "end", done); err != nil {
		t.Errorf("got %v, want a clean stop", err)
	}
}

func TestUpgradedConnectionsEndToo(t *testing.T) {
	ended := make(chan struct{})
	p, stop, done := startProcess(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		<-r.Context().Done()
		_, _ = io.WriteString(conn, "goodbye")
		_ = conn.Close()
		close(ended)
	}), waittest.Patience, waittest.Patience)
	conn, err := net.Dial("tcp", p.surfaces[0].at.addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "101") {
		t.Fatalf("got %q, %v, want 101", line, err)
	}
	stop()
	if err := waittest.Receive(t, "end", done); err != nil {
		t.Errorf("got %v, want a clean stop", err)
	}
	select {
	case <-ended:
	default:
		t.Error("run has ended before the handler of the upgraded connection")
	}
	rest, _ := io.ReadAll(reader)
	if !strings.HasSuffix(string(rest), "goodbye") {
		t.Errorf("got %q, want the last data of the handler", rest)
	}
}

func TestARequestThatDoesNotEndIsCutOff(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	p, stop, done := startProcess(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-release
	}), 10*time.Millisecond, 10*time.Millisecond)
	answer := make(chan int, 1)
	go func() { answer <- waittest.Status(p.surfaces[0].at.url()) }()
	waittest.Receive(t, "request", entered)
	stop()
	if err := waittest.Receive(t, "end", done); err != nil {
		t.Errorf("got %v, want a clean stop", err)
	}
	if got := waittest.Receive(t, "answer", answer); got != 0 {
		t.Errorf("got status %d, want a cut connection", got)
	}
}

func TestAListenerThatFailsEndsTheProcess(t *testing.T) {
	p, _, done := startProcess(t, http.NotFoundHandler(), waittest.Patience, waittest.Patience)
	_ = p.surfaces[0].at.listener.Close()
	err := waittest.Receive(t, "end", done)
	if err == nil || !strings.HasPrefix(err.Error(), "X_ADDR") || !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want a failure that names X_ADDR", err)
	}
}

func TestServerLimitsAreSet(t *testing.T) {
	p, _, _ := startProcess(t, http.NotFoundHandler(), waittest.Patience, waittest.Patience)
	srv := &p.surfaces[0].at.http
	for name, limit := range map[string]time.Duration{
		"ReadHeaderTimeout": srv.ReadHeaderTimeout, "ReadTimeout": srv.ReadTimeout,
		"WriteTimeout": srv.WriteTimeout, "IdleTimeout": srv.IdleTimeout,
	} {
		if limit <= 0 {
			t.Errorf("%s is not set", name)
		}
	}
	if srv.IdleTimeout != p.keepAlive {
		t.Errorf("got IdleTimeout %v, want %v", srv.IdleTimeout, p.keepAlive)
	}
	req, _ := http.NewRequest(http.MethodGet, p.surfaces[0].at.url(), nil)
	req.Header.Set("X-Large", strings.Repeat("x", 64<<10))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("64 KiB of headers: got %d, want 431", resp.StatusCode)
	}
}
