package bearer

import (
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/internal/jose"
	"vestibule/internal/metricstest"
)

func TestRefusedTokensAreCountedByReason(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	cfg := sharedSecretConfig()
	cfg.Metrics = registry
	s := startSurface(t, cfg)
	signed := func(name, value string) http.Header {
		return auth(forge(plainHeader, payloadWith(name, value), testSecret))
	}
	two := auth(mint(t, ada))
	two["Authorization"] = append(two["Authorization"], two["Authorization"]...)
	for want, sent := range map[reason]http.Header{
		noToken:        nil,
		severalTokens:  two,
		malformed:      auth("hunter2"),
		wrongHeader:    auth(forge(`{"alg":"HS512"}`, payload(""), testSecret)),
		wrongSignature: auth(forge(plainHeader, payload(""), []byte("ffffffffffffffffffffffffffffffff"))),
		expired:        signed("exp", "0"),
		tooEarly:       signed("iat", "9999999999"),
		wrongIssuer:    signed("iss", `"evil"`),
		wrongAudience:  signed("aud", `"other"`),
		wrongSubject:   signed("sub", `""`),
		tooLittle:      auth(forge(plainHeader, payload(`,"scope":""`), testSecret)),
	} {
		before := metricstest.Of(t, registry)
		if answer := s.do(t, "GET", "/", "", sent); answer.StatusCode < 400 {
			t.Errorf("%s: got %d, want a refusal", want, answer.StatusCode)
		}
		metricstest.Want(t, before, metricstest.Of(t, registry), map[string]float64{`vestibule_tokens_refused_total{reason="` + string(want) + `"}`: 1})
	}
	before := metricstest.Of(t, registry)
	s.do(t, "GET", "/", "", auth(mint(t, ada))).is(t, http.StatusOK, "[]")
	if after := metricstest.Of(t, registry); len(after) != len(reasons) {
		t.Errorf("got %d series, want one per reason: %v", len(after), after)
	} else {
		for series, n := range after {
			if n != before[series] {
				t.Errorf("a good token was counted in %s", series)
			}
		}
	}
}

func TestTokensWithoutKnownKeysAreCounted(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	cfg := sharedSecretConfig()
	cfg.Algorithm, cfg.Secrets, cfg.JWKSURL, cfg.Metrics = jose.EdDSA, nil, "http://127.0.0.1:1/", registry
	s := startSurface(t, cfg)
	before := metricstest.Of(t, registry)
	s.clock.Advance(time.Second)
	s.do(t, "GET", "/", "", auth(forge(`{"alg":"EdDSA","kid":"x"}`, payload(""), testSecret)))
	metricstest.Want(t, before, metricstest.Of(t, registry), map[string]float64{`vestibule_tokens_refused_total{reason="no-keys"}`: 1})
}
