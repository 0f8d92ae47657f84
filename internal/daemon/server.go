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

// Limits of every listener. web.Deadlines extends the deadlines while a request or
// response makes progress. So these limits apply to requests that have not reached a
// handler yet, and to handlers without web.Deadlines.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 30 * time.Second
	maxHeaderBytes = 32 << 10
)

// server is an HTTP server with its listener.
type server struct {
	surface  string // bff, forward-auth, api or admin
	setting  string // the setting with its address
	socket   *endingListener
	listener net.Listener // socket with its limits
	arrivals arrivals
	bounds   web.Connections
	accepts  net.Listener // listener with all its guards
	http     http.Server
	serving  atomic.Bool
	leaving  atomic.Bool // each answer asks its client to close the connection
	last     lastAnswers
	// running counts the running handlers, because http.Server does not track
	// connections that were upgraded to a WebSocket. It is not a WaitGroup: new
	// handlers may start while closeRemaining waits.
	running atomic.Int64
}

// listen opens a listener at address, the value of setting. Requests are answered only
// after serve is called.
func listen(ctx context.Context, surface, setting, address string) (*server, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // acceptQueued needs a filter, which Linux does not offer for it
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, settings.Failure{Fault: listenFault(setting, address, err)}
	}
	socket := newEndingListener(l, arrivalTime)
	return &server{
		surface:  surface,
		setting:  setting,
		socket:   socket,
		listener: web.LimitUnsent(socket),
		arrivals: arrivals{patience: arrivalTime, young: newTime},
	}, nil
}

func listenFault(setting, address string, err error) settings.Fault {
	f := settings.Fault{Setting: setting, Value: settings.Show(address)}
	var noHost *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		f.Problem = "is already in use"
		f.Cure = "stop the program that uses it, or set " + setting + " to another port"
		if setting == "API_ADDR" {
			f.Cure += "; if your own API is there, run vestibule bff in front of it"
		}
	case errors.Is(err, syscall.EACCES):
		f.Problem = "may not be opened by this user; ports below 1024 often need special rights"
		f.Cure = "set " + setting + " to a higher port"
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &noHost):
		f.Problem = "is not an address of this machine"
		f.Cure = "set " + setting + " to localhost, to an address of this machine, or to an empty host for all of them"
	default:
		f.Problem = "cannot be opened (" + settings.OneLine(err.Error()) + ")"
		f.Cure = "set " + setting + " to another address"
	}
	return f
}

// addr returns the address of the listener, with the actual port.
func (s *server) addr() net.Addr { return s.listener.Addr() }

// url returns a URL of the server for clients on this machine.
func (s *server) url() string {
	host, port, err := net.SplitHostPort(s.addr().String())
	if ip := net.ParseIP(host); err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// prepare configures the HTTP server. The context of every request is derived from
// base. A connection is kept for keepAlive between requests. The client should close idle
// connections: if the server does, it may lose a request.
func (s *server) prepare(base context.Context, h http.Handler, keepAlive time.Duration, log *slog.Logger) {
	s.http = http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.running.Add(1)
			defer s.running.Add(-1)
			s.arrivals.reached(r)
			s.sayGoodbye(w, r)
			h.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       keepAlive,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return base },
		// Errors of client connections are not important to operators.
		ErrorLog: slog.NewLogLogger(log.With("surface", s.surface).Handler(), slog.LevelDebug),
	}
	s.arrivals.watch(&s.http)
	s.last.watch(&s.http)
	s.bounds.Log = log
	s.accepts = web.GuardFraming(&s.http, s.bounds.Bound(s.listener))
}

// sayGoodbye asks the client to close the connection after this answer, if the process is
// about to stop. The next request then takes a new connection, perhaps to another instance.
// This begins while new connections are still accepted, so it fails no request. To close
// idle connections now, like http.Server.SetKeepAlivesEnabled(false), would fail requests
// that are on their way. An upgrade needs the header Connection for itself.
func (s *server) sayGoodbye(w http.ResponseWriter, r *http.Request) {
	if s.leaving.Load() && r.Header.Get("Upgrade") == "" {
		w.Header().Set("Connection", "close")
	}
}

// acceptLast accepts the connections that have begun, and returns when Shutdown loses none of
// their first requests, or when that takes too long, or when ctx ends.
func (s *server) acceptLast(ctx context.Context) {
	acceptQueued(s.socket.Listener)
	s.socket.end()
	s.arrivals.wait(ctx)
}

// serve answers requests until the server is shut down or its listener fails. It
// returns an error only if the listener failed.
func (s *server) serve() error {
	s.serving.Store(true)
	defer s.serving.Store(false)
	err := s.http.Serve(s.accepts)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s: the listener failed: %w", s.setting, err)
}
