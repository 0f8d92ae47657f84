package bearer

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"vestibule/internal/web"
)

// reason is why a request is refused by its token, for the metrics. No reason has text of a
// token in it.
type reason string

// The reasons.
const (
	noToken        reason = "no-token"
	severalTokens  reason = "several-tokens" // more than one Authorization header
	malformed      reason = "malformed"      // not a token, or its claims are not what they must be
	wrongHeader    reason = "header"         // another algorithm or type
	unknownKey     reason = "unknown-key"
	wrongSignature reason = "signature"
	expired        reason = "expired"
	tooEarly       reason = "too-early" // iat or nbf is in the future
	wrongIssuer    reason = "issuer"
	wrongAudience  reason = "audience"
	wrongSubject   reason = "subject"
	tooLittle      reason = "scope"   // it does not open what was asked for
	noKeys         reason = "no-keys" // no key has been fetched yet
	otherReason    reason = "other"   // for example that the client has left
)

var reasons = []reason{
	noToken, severalTokens, malformed, wrongHeader, unknownKey, wrongSignature, expired, tooEarly,
	wrongIssuer, wrongAudience, wrongSubject, tooLittle, noKeys, otherReason,
}

// because is a cause with its reason.
type because struct {
	reason
	error
}

func (b because) Unwrap() error { return b.error }

// invalid is ErrInvalid with a cause, for the log, and its reason.
func invalid(why reason, cause error) *web.Error { return ErrInvalid.Because(because{why, cause}) }

// reasonOf returns the reason of a refusal.
func reasonOf(err error) reason {
	if b, ok := errors.AsType[because](err); ok {
		return b.reason
	}
	switch refusal := web.AsError(err); {
	case refusal == ErrNotAuthenticated:
		return noToken
	case refusal == ErrInvalid:
		return severalTokens
	case refusal == ErrExpired:
		return expired
	case refusal == ErrScope:
		return tooLittle
	case refusal.Code == ErrNoKeys.Code:
		return noKeys
	}
	return otherReason
}

func newRefused(r prometheus.Registerer) *prometheus.CounterVec {
	v := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "vestibule_tokens_refused_total",
		Help: "Requests to the API that were refused by their token, by the reason.",
	}, []string{"reason"})
	for _, why := range reasons {
		v.WithLabelValues(string(why))
	}
	return v
}

// count counts a refusal, and returns it.
func (v *Verifier) count(refusal error) error {
	v.refused.WithLabelValues(string(reasonOf(refusal))).Inc()
	return refusal
}
