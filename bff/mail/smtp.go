package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"

	gomail "github.com/wneessen/go-mail"
)

// Server is the mail server that sends our mails. The rules:
//
//   - smtps:// uses TLS from the first byte. smtp:// starts TLS with STARTTLS. A server
//     that does not offer STARTTLS is refused, because an attacker on the network could
//     have removed the offer.
//   - There are two exceptions, and neither sends a password over a network in clear
//     text: a server on this machine needs no TLS, and ?tls=off turns TLS off for another
//     server, without a user and password.
type Server struct {
	Host           string
	Port           int
	User, Password string // "" for none
	Implicit       bool   // TLS from the first byte
	Plain          bool   // no TLS at all
	Roots          *tls.Config
}

// ParseServer reads an SMTP URL. Its errors never contain any part of the password.
func ParseServer(text string) (*Server, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is not a URL")
	}
	s := &Server{Host: u.Hostname(), Port: 587}
	switch u.Scheme {
	case "smtp":
	case "smtps":
		s.Implicit, s.Port = true, 465
	default:
		return nil, errors.New("does not start with smtp:// or smtps://")
	}
	if s.Host == "" {
		return nil, errors.New("has no host")
	}
	if u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return nil, errors.New("has something after the host")
	}
	if port := u.Port(); port != "" {
		if s.Port, err = strconv.Atoi(port); err != nil || s.Port < 1 || s.Port > 65535 {
			return nil, errors.New("has an invalid port")
		}
	}
	// With the other kind of TLS, both sides would wait for each other.
	switch {
	case s.Port == 465 && !s.Implicit:
		return nil, errors.New("has port 465, which begins with TLS: write smtps://")
	case s.Port == 587 && s.Implicit:
		return nil, errors.New("has port 587, which begins without TLS: write smtp://")
	}
	if u.User != nil {
		s.User = u.User.Username()
		s.Password, _ = u.User.Password()
		if s.User == "" || s.Password == "" {
			return nil, errors.New("must have both a user and a password, or neither")
		}
	}
	query := u.Query()
	s.Plain = query.Get("tls") == "off"
	switch {
	case len(query) > 1 || len(query) == 1 && !s.Plain:
		return nil, errors.New("has a parameter other than tls=off")
	case s.Plain && s.Implicit:
		return nil, errors.New("cannot combine smtps:// with tls=off")
	case s.Plain && s.User != "" && !local(s.Host):
		return nil, errors.New("would send the password in clear text: remove tls=off")
	}
	return s, nil
}

// local reports whether a host is this machine.
func local(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Encoding implements Sender. Every server accepts this encoding.
func (*Server) Encoding() gomail.Encoding { return gomail.EncodingQP }

// Send implements Sender.
func (s *Server) Send(ctx context.Context, m *gomail.Msg, _ string) error {
	return s.within(ctx, func(client *gomail.Client) error { return client.DialAndSendWithContext(ctx, m) })
}

// Check does what comes before a mail: it connects, starts TLS and signs in.
func (s *Server) Check(ctx context.Context) error {
	return s.within(ctx, func(client *gomail.Client) error {
		if err := client.DialWithContext(ctx); err != nil {
			return err
		}
		return client.Close()
	})
}

func (s *Server) within(ctx context.Context, do func(*gomail.Client) error) error {
	client, err := s.client()
	if err != nil {
		return fmt.Errorf("SMTP_URL: %w", err)
	}
	// The library checks ctx only while it connects. A server that stops answering must not
	// keep the process from ending. The timeout later ends the call in the background.
	done := make(chan error, 1)
	go func() { done <- do(client) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Server) client() (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.Port),
		gomail.WithTimeout(sendTimeout),
		gomail.WithoutNoop(),
	}
	if s.Roots != nil {
		roots := s.Roots.Clone()
		roots.ServerName = s.Host
		options = append(options, gomail.WithTLSConfig(roots))
	}
	switch {
	case s.Implicit:
		options = append(options, gomail.WithSSL())
	case s.Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case local(s.Host):
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.User != "" {
		auth := gomail.SMTPAuthAutoDiscover // chooses no mechanism that is unsafe on the connection
		if local(s.Host) {
			auth = gomail.SMTPAuthPlainNoEnc
		}
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	return gomail.NewClient(s.Host, options...)
}
