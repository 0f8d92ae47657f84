package main

import (
	"flag"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// bareProxy is the proxy that Vestibule is compared with: httputil.ReverseProxy
// with a tuned transport and a pool of buffers. It sets a fixed Authorization header
// and does nothing else: no cookies, no sessions, no rules.
func bareProxy(args []string) error {
	flags := flag.NewFlagSet("bare-proxy", flag.ContinueOnError)
	addr := flags.String("addr", "", "where to listen")
	backend := flags.String("backend", "", "the API")
	token := flags.String("token", "", "what every request carries")
	if err := flags.Parse(args); err != nil {
		return err
	}
	target, err := url.Parse(*backend)
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Authorization", "Bearer "+*token)
		},
		Transport: &http.Transport{
			MaxIdleConns:        512,
			MaxIdleConnsPerHost: 512,
			IdleConnTimeout:     90 * time.Second,
			DisableCompression:  true,
		},
		BufferPool: new(bufferPool),
		ErrorLog:   log.New(io.Discard, "", 0), // it logs each client that leaves at the end of a run
	}
	srv := &http.Server{Addr: *addr, Handler: proxy, ReadHeaderTimeout: 10 * time.Second}
	return srv.ListenAndServe()
}

// bufferPool is an httputil.BufferPool. Without one, ReverseProxy makes a buffer for each answer.
type bufferPool struct{ pool sync.Pool }

const bufferSize = 32 << 10

func (p *bufferPool) Get() []byte {
	if b, ok := p.pool.Get().(*[bufferSize]byte); ok {
		return b[:]
	}
	return make([]byte, bufferSize)
}

func (p *bufferPool) Put(b []byte) { p.pool.Put((*[bufferSize]byte)(b)) }
