package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"vestibule/internal/settings"
	"vestibule/internal/web"
)

// Limits of every listener. web.Deadlines moves the deadlines of a running
// exchange on as long as bytes move, so these bound what has not reached a
// handler yet, and handlers that are not wrapped in it.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 30 * time.Second
	// Longer than load balancers keep idle connections (60 s is common): the
	// side that sends requests should be the one to close.
	idleTimeout    = 120 * time.Second
	maxHeaderBytes = 32 << 10
)

// server is one listener and what answers there.
type server struct {
	surface  string // bff, api or admin
	setting  string // where its address comes from
	listener net.Listener
	bounds   web.Connections
	accepts  net.Listener // listener, as prepared for http
	http     http.Server
	serving  atomic.Bool
	// running counts the handlers: http.Server loses sight of a connection
	// that was upgraded to a WebSocket. (Not a WaitGroup, which must not be
	// added to while it is waited for.)
	running atomic.Int64
}

// listen opens a listener at address, the value of setting. Nobody is
// answered before serve.
func listen(ctx context.Context, surface, setting, address string) (*server, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, settings.Failure{Fault: listenFault(setting, address, err)}
	}
	return &server{surface: surface, setting: setting, listener: web.LimitUnsent(l)}, nil
}

func listenFault(setting, address string, err error) settings.Fault {
	f := settings.Fault{Setting: setting, Value: settings.Show(address)}
	var noHost *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		f.Problem = "is in use by another program"
		f.Cure = "stop that program, or set " + setting + " to another port"
	case errors.Is(err, syscall.EACCES):
		f.Problem = "may not be opened by this user, as is usual for ports below 1024"
		f.Cure = "set " + setting + " to a higher port"
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &noHost):
		f.Problem = "is not an address of this machine"
		f.Cure = "set " + setting + " to localhost, to an address of this machine, or to an empty host for all of them"
	default:
		f.Problem = "cannot be listened on (" + settings.OneLine(err.Error()) + ")"
		f.Cure = "set " + setting + " to another address"
	}
	return f
}

// addr is the address that was opened, its port known.
func (s *server) addr() net.Addr { return s.listener.Addr() }

// url is where this machine reaches the server.
func (s *server) url() string {
	host, port, err := net.SplitHostPort(s.addr().String())
	if ip := net.ParseIP(host); err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// prepare sets what answers and how. Every request's context ends with base.
func (s *server) prepare(base context.Context, h http.Handler, log *slog.Logger) {
	s.http = http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.running.Add(1)
			defer s.running.Add(-1)
			h.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return base },
		// What clients do to their connections is not news.
		ErrorLog: slog.NewLogLogger(log.With("surface", s.surface).Handler(), slog.LevelDebug),
	}
	s.bounds.Log = log
	s.accepts = web.GuardFraming(&s.http, s.bounds.Bound(s.listener))
}

// serve answers until the server is shut down or its listener fails; only the
// latter is an error.
func (s *server) serve() error {
	s.serving.Store(true)
	defer s.serving.Store(false)
	err := s.http.Serve(s.accepts)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s: the listener failed: %w", s.setting, err)
}
