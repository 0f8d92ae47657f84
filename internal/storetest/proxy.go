package storetest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// readyForQuery is the message at the end of the server's answer, outside of transactions.
const readyForQuery = "Z\x00\x00\x00\x05I"

// Proxy is between a store and PostgreSQL and breaks connections on request.
type Proxy struct {
	URL    string
	target string
	tls    *tls.Config // nil: without TLS
	frozen atomic.Bool
	cut    atomic.Pointer[string]
	mute   atomic.Bool
	deaf   atomic.Bool
	turns  atomic.Int64

	mu      sync.Mutex
	clients []*net.TCPConn
	drops   []*atomic.Bool          // by client: whether its bytes are dropped
	sent    map[*net.TCPConn][]byte // what clients have sent, by connection; nil: not recorded
}

// NewProxy starts a proxy in front of the server. With a config it speaks TLS.
func NewProxy(t *testing.T, databaseURL string, config *tls.Config) *Proxy {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: u.Host, tls: config}
	u.Host = l.Addr().String()
	p.URL = u.String()
	if config != nil {
		p.URL = With(t, p.URL, "sslmode", "require")
	}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(client.(*net.TCPConn))
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		p.frozen.Store(false)
		p.Reset()
	})
	return p
}

// Freeze stops all bytes in both directions. Connections stay open.
func (p *Proxy) Freeze() { p.frozen.Store(true) }

// Thaw ends a Freeze.
func (p *Proxy) Thaw() { p.frozen.Store(false) }

// Drop drops all bytes of the connections that are open now, like a firewall that has
// forgotten them. They stay open, and new ones work.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, drop := range p.drops {
		drop.Store(true)
	}
}

// HasCut reports whether CutAfter has ended a connection.
func (p *Proxy) HasCut() bool { return p.cut.Load() == nil }

// CutAfter ends the next connection on which the client sends text: after the server has
// answered, and before the client gets the answer.
func (p *Proxy) CutAfter(text string) { p.cut.Store(&text) }

// CutBeforeReady ends a connection just before the “ready for query” after the server's
// next answer.
func (p *Proxy) CutBeforeReady() { p.mute.Store(true) }

// DropAfterListen drops all that the server sends on the next connection that listens, after
// its answer to LISTEN. The connection stays open.
func (p *Proxy) DropAfterListen() { p.deaf.Store(true) }

// RoundTrips returns how often clients have sent statements and waited for the answer.
// Logins, checks of idle connections and announcements do not count: they depend on the time.
func (p *Proxy) RoundTrips() int64 { return p.turns.Load() }

func isStatement(sent []byte) bool {
	const simple, extended = 'Q', 'P'
	return len(sent) > 0 && (sent[0] == simple || sent[0] == extended) &&
		!bytes.Equal(sent, []byte("Q\x00\x00\x00\x06;\x00")) && !bytes.Contains(sent, []byte("pg_notify"))
}

// Record keeps what clients send from now on. Recorded returns it.
func (p *Proxy) Record() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = map[*net.TCPConn][]byte{}
}

// Recorded returns what was sent on each connection.
func (p *Proxy) Recorded() (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.sent {
		texts = append(texts, string(b))
	}
	return texts
}

// Reset aborts every connection, like a firewall.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, client := range p.clients {
		_ = client.SetLinger(0)
		_ = client.Close()
	}
	p.clients = nil
}

func (p *Proxy) serve(tcp *net.TCPConn) {
	p.mu.Lock()
	var drop atomic.Bool
	p.clients, p.drops = append(p.clients, tcp), append(p.drops, &drop)
	p.mu.Unlock()
	var client net.Conn = tcp
	if p.tls != nil {
		const sslRequest = 8
		if _, err := io.CopyN(io.Discard, tcp, sslRequest); err != nil {
			return
		}
		if _, err := tcp.Write([]byte("S")); err != nil {
			return
		}
		client = tls.Server(tcp, p.tls)
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = tcp.Close()
		return
	}
	var swallow, deaf, waits atomic.Bool
	go func() {
		defer server.Close()
		p.forward(server, client, func(b []byte) (pass []byte, more bool) {
			p.mu.Lock()
			if p.sent != nil {
				p.sent[tcp] = append(p.sent[tcp], b...)
			}
			p.mu.Unlock()
			if !waits.Swap(true) && isStatement(b) {
				p.turns.Add(1)
			}
			if text := p.cut.Load(); text != nil && bytes.Contains(b, []byte(*text)) && p.cut.CompareAndSwap(text, nil) {
				swallow.Store(true)
			}
			if bytes.Contains(b, []byte("LISTEN ")) && p.deaf.CompareAndSwap(true, false) {
				deaf.Store(true)
			}
			if drop.Load() {
				return nil, true
			}
			return b, true
		})
	}()
	defer tcp.Close()
	p.forward(client, server, func(b []byte) (pass []byte, more bool) {
		waits.Store(false)
		if swallow.Load() {
			return nil, false
		}
		if drop.Load() {
			return nil, true
		}
		if end := bytes.Index(b, []byte(readyForQuery)); end >= 0 && deaf.Load() {
			drop.Store(true)
			return b[:end+len(readyForQuery)], true
		}
		if before, ready := bytes.CutSuffix(b, []byte(readyForQuery)); ready && p.mute.CompareAndSwap(true, false) {
			return before, false
		}
		return b, true
	})
}

// forward copies what pass returns, until pass reports the end.
func (p *Proxy) forward(to io.Writer, from io.Reader, pass func([]byte) (b []byte, more bool)) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		for p.frozen.Load() {
			time.Sleep(10 * time.Millisecond)
		}
		if err != nil {
			return
		}
		b, more := pass(buf[:n])
		if _, err := to.Write(b); err != nil || !more {
			return
		}
	}
}

// SelfSigned returns a certificate for sslmode=require, which does not verify it.
func SelfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
