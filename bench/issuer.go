package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/freeport"
)

// issuerClient is oauth2-proxy's id at the issuer, and the audience of its tokens.
const issuerClient = "bench"

// issuer is a minimal OpenID provider, for a real sign-in at oauth2-proxy. It signs in
// whoever comes, and works only during the sign-in.
type issuer struct {
	url    string
	key    *rsa.PrivateKey
	server *http.Server

	mu    sync.Mutex
	nonce string // of the latest sign-in
}

func newIssuer() (*issuer, error) {
	addr, err := freeport.Addr()
	if err != nil {
		return nil, err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	i := &issuer{url: "http://" + addr, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.configuration)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /keys", i.keys)
	i.server = &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = i.server.ListenAndServe() }() // who waits for an answer notices its end
	return i, nil
}

func (i *issuer) stop() { _ = i.server.Close() }

func (i *issuer) configuration(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, map[string]any{
		"issuer": i.url, "authorization_endpoint": i.url + "/authorize", "token_endpoint": i.url + "/token", "jwks_uri": i.url + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

// authorize sends the browser back with a code.
func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	i.mu.Lock()
	i.nonce = asked.Get("nonce")
	i.mu.Unlock()
	back, err := url.Parse(asked.Get("redirect_uri"))
	if err != nil {
		http.Error(w, "redirect_uri", http.StatusBadRequest)
		return
	}
	back.RawQuery = url.Values{"code": {"bench"}, "state": {asked.Get("state")}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (i *issuer) token(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	nonce := i.nonce
	i.mu.Unlock()
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": i.url, "sub": "ada", "aud": issuerClient, "iat": now.Unix(), "exp": now.Add(12 * time.Hour).Unix(),
		"nonce": nonce, "email": "ada@example.com", "email_verified": true,
	})
	token.Header["kid"] = issuerClient
	signed, err := token.SignedString(i.key)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answerJSON(w, map[string]any{"id_token": signed, "access_token": "unused", "token_type": "Bearer", "expires_in": 12 * 60 * 60})
}

func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	answerJSON(w, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": issuerClient, "n": number(i.key.N), "e": number(big.NewInt(int64(i.key.E))),
	}}})
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
