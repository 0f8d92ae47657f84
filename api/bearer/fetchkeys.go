package bearer

import (
	"context"
	"net/http"
	"time"
)

// Fetched is the answer to one request for a key set.
type Fetched struct {
	Keys   int         // that fit the algorithm
	Header http.Header // nil: no answer
}

// FetchKeys asks once for a key set, as a Verifier does, for a check of the address.
func FetchKeys(ctx context.Context, address, algorithm string) (f Fetched, err error) {
	j, err := newJWKS("the address", address, algorithm, nil, nil, time.Now)
	if err != nil {
		return f, err
	}
	next := j.client.Transport
	j.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		res, err := next.RoundTrip(r)
		if err == nil {
			f.Header = res.Header
		}
		return res, err
	})
	keys, err := j.get(ctx)
	f.Keys = len(keys)
	return f, err
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
