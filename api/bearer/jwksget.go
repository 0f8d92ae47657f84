package bearer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"vestibule/internal/jose"
)

const (
	jwksTimeout  = 5 * time.Second // one fetch, from dial to last byte
	jwksMaxBytes = 64 << 10        // several hundred keys
)

// newJWKS makes the keySource of an issuer. setting names where its address is configured.
func newJWKS(setting, address, algorithm string, transport http.RoundTripper, log *slog.Logger, now func() time.Time) (*jwks, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New(setting + ": not an http or https URL of keys")
	}
	if transport == nil {
		transport = jwksTransport()
	}
	return &jwks{
		setting:   setting,
		url:       u,
		algorithm: algorithm,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		log:    log,
		now:    now,
		jitter: rand.N[time.Duration], // #nosec G404 -- no secret: it separates instances
	}, nil
}

// jwksTransport ignores proxies from the environment: the key set decides who is trusted,
// so only configuration says where it comes from.
func jwksTransport() http.RoundTripper {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: jwksTimeout}).DialContext,
		TLSHandshakeTimeout:    jwksTimeout,
		MaxResponseHeaderBytes: 32 << 10,
		// Fetches are far apart. A fetch on a stale connection would be sent twice.
		DisableKeepAlives: true,
	}
}

// get asks the issuer for its key set.
func (j *jwks) get(ctx context.Context) ([]jose.Key, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, j.url.String(), nil) // #nosec G704 -- the operator names the address
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	req.Header.Set("User-Agent", "vestibule")
	res, err := j.client.Do(req) // #nosec G704 -- as above
	if err != nil {
		// Remove the *url.Error, which only repeats the address.
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, fmt.Errorf("fetch: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered with status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, jwksMaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if len(body) > jwksMaxBytes {
		return nil, fmt.Errorf("answer is longer than %d bytes", jwksMaxBytes)
	}
	return jose.ParseKeys(body, j.algorithm)
}
