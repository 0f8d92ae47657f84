// Package smtptest starts real mail servers for tests, on real sockets.
package smtptest

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Server keeps the mails that it gets. Set its fields before it starts.
type Server struct {
	Addr           string      // where to listen; if "", Start chooses a free port
	TLS            *tls.Config // offered by STARTTLS; nil: no TLS
	Implicit       bool        // TLS from the first byte
	User, Password string      // "" accepts mail without a login

	// Refuse, unless nil, is called for each recipient.
	Refuse func(to string) error

	mu     sync.Mutex
	mails  map[string][][]byte
	logins int
	server *smtp.Server
	stop   func()
}

// Start starts the server. It stops when the test ends.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	if s.Addr == "" {
		s.Addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", s.Addr)
	if err != nil {
		tb.Fatal(err)
	}
	s.Addr = l.Addr().String()
	s.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	s.server.Domain = "mail.example.com"
	s.server.TLSConfig = s.TLS
	s.server.ErrorLog = log.New(io.Discard, "", 0) // only errors of clients that disconnect
	s.server.AllowInsecureAuth = true              // so that tests notice a client that sends a password unencrypted
	if s.Implicit {
		l = tls.NewListener(l, s.TLS)
	}
	served := make(chan struct{})
	go func() {
		_ = s.server.Serve(l)
		close(served)
	}()
	s.stop = sync.OnceFunc(func() {
		_ = l.Close() // also if Serve has not begun
		_ = s.server.Close()
		<-served
	})
	tb.Cleanup(s.Stop)
}

// Stop stops the server. It may be started again, at the same address.
func (s *Server) Stop() { s.stop() }

// To returns the mails to an address, the oldest first.
func (s *Server) To(address string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.mails[address]...)
}

// Logins counts the passwords that were sent, right or wrong.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

type session struct {
	server   *Server
	to       []string
	signedIn bool
}

func (c *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		c.server.mu.Lock()
		defer c.server.mu.Unlock()
		c.server.logins++
		if c.server.User == "" || user != c.server.User || password != c.server.Password {
			return smtp.ErrAuthFailed
		}
		c.signedIn = true
		return nil
	}), nil
}

func (c *session) Mail(string, *smtp.MailOptions) error {
	if c.server.User != "" && !c.signedIn {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if c.server.Refuse != nil {
		if err := c.server.Refuse(to); err != nil {
			return err
		}
	}
	c.to = append(c.to, to)
	return nil
}

func (c *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.server.mails == nil {
		c.server.mails = map[string][][]byte{}
	}
	for _, to := range c.to {
		c.server.mails[to] = append(c.server.mails[to], data)
	}
	return nil
}

func (c *session) Reset()        { c.to = nil }
func (c *session) Logout() error { return nil }
