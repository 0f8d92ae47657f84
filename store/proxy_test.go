package store_test

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

// proxy stands between a store and PostgreSQL and breaks what a test asks for.
type proxy struct {
	url    string
	target string
	tls    *tls.Config // nil: without TLS
	frozen atomic.Bool
	cut    atomic.Pointer[string]
	mute   atomic.Bool

	mu      sync.Mutex
	clients []*net.TCPConn
	sent    map[*net.TCPConn][]byte // what clients have sent, by connection; nil: nobody asks
}

func newProxy(t *testing.T, databaseURL string, config *tls.Config) *proxy {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: u.Host, tls: config}
	u.Host = l.Addr().String()
	p.url = u.String()
	if config != nil {
		p.url = with(t, p.url, "sslmode", "require")
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
		p.reset()
	})
	return p
}

// freeze stops all bytes in both directions; connections stay open.
func (p *proxy) freeze() { p.frozen.Store(true) }

// cutAfter ends the next connection on which the client sends text, after the
// server has answered it and before the client gets the answer.
func (p *proxy) cutAfter(text string) { p.cut.Store(&text) }

// cutBeforeReady ends a connection just before the “ready for query” that
// follows the server's next answer.
func (p *proxy) cutBeforeReady() { p.mute.Store(true) }

// record keeps what clients send from now on, to be asked for with recorded.
func (p *proxy) record() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = map[*net.TCPConn][]byte{}
}

// recorded returns what was sent on each connection.
func (p *proxy) recorded() (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.sent {
		texts = append(texts, string(b))
	}
	return texts
}

// reset aborts every connection, as a firewall does.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, client := range p.clients {
		_ = client.SetLinger(0)
		_ = client.Close()
	}
	p.clients = nil
}

func (p *proxy) serve(tcp *net.TCPConn) {
	p.mu.Lock()
	p.clients = append(p.clients, tcp)
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
	var swallow atomic.Bool
	go func() {
		defer server.Close()
		p.forward(server, client, func(b []byte) (pass []byte, more bool) {
			p.mu.Lock()
			if p.sent != nil {
				p.sent[tcp] = append(p.sent[tcp], b...)
			}
			p.mu.Unlock()
			if text := p.cut.Load(); text != nil && bytes.Contains(b, []byte(*text)) && p.cut.CompareAndSwap(text, nil) {
				swallow.Store(true)
			}
			return b, true
		})
	}()
	defer tcp.Close()
	p.forward(client, server, func(b []byte) (pass []byte, more bool) {
		if swallow.Load() {
			return nil, false
		}
		if before, ready := bytes.CutSuffix(b, []byte("Z\x00\x00\x00\x05I")); ready && p.mute.CompareAndSwap(true, false) {
			return before, false
		}
		return b, true
	})
}

// forward copies what pass returns, until it says that there is no more.
func (p *proxy) forward(to io.Writer, from io.Reader, pass func([]byte) (b []byte, more bool)) {
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

// selfSigned is a certificate for sslmode=require, which looks at none.
func selfSigned(t *testing.T) *tls.Config {
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
