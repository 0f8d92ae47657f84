package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"vestibule/api/bearer"
	"vestibule/internal/jose"
)

// checkAPI is the cheapest API that checks a token. Behind a proxy it costs little, so the
// figures are about the proxy. api/bearer remembers the tokens that it has verified.
//
//	GET  /api/item     1 KiB of JSON
//	GET  /api/large    1 MiB
//	POST /api/upload   reads the body, and answers like /api/item
//
// With -issuer it also accepts tokens of the issuer for oauth2-proxy.
func checkAPI(args []string) error {
	flags := flag.NewFlagSet("check-api", flag.ContinueOnError)
	addr := flags.String("addr", "", "where to listen")
	issuer := flags.String("issuer", "", "a further trusted issuer")
	if err := flags.Parse(args); err != nil {
		return err
	}
	config := bearer.Config{Algorithm: jose.HS256, Secrets: [][]byte{[]byte(secret)}, Issuer: "better-auth", Audience: "fastapi-backend", Scopes: []string{"bench"},
		Log: slog.New(slog.DiscardHandler)}
	if *issuer != "" {
		config.Issuers = []bearer.Issuer{{Name: *issuer, Audience: issuerClient, Algorithm: jose.RS256, JWKSURL: *issuer + "/keys", Scopes: config.Scopes}}
	}
	tokens, err := bearer.New(config)
	if err != nil {
		return err
	}
	go tokens.Run(context.Background())
	srv := &http.Server{Addr: *addr, Handler: checkHandler(tokens), ReadHeaderTimeout: 10 * time.Second}
	return srv.ListenAndServe()
}

const (
	itemSize  = 1 << 10
	largeSize = 1 << 20
)

func checkHandler(tokens *bearer.Verifier) http.Handler {
	item := []byte(`{"item":"` + strings.Repeat("x", itemSize-len(`{"item":""}`)) + `"}`)
	large := bytes.Repeat([]byte("x"), largeSize)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if path == "/" { // it is ready
			return
		}
		if _, err := tokens.Authenticate(r); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		switch path {
		case "/api/item":
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(item)
		case "/api/large":
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(large)
		case "/api/upload":
			if n, err := io.Copy(io.Discard, r.Body); err != nil || n != largeSize {
				http.Error(w, "incomplete", http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(item)
		default:
			http.NotFound(w, r)
		}
	})
}
