package bearer

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/jose"
)

// TestKeysCountOnlyInAGoodAnswer: keys in an error may come from a proxy, or be an old
// copy.
func TestKeysCountOnlyInAGoodAnswer(t *testing.T) {
	i := &issuer{}
	j, err := newJWKS("JWKS_URL", serve(t, i)+"/jwks", jose.EdDSA, nil, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	set := `{"keys":[` + jwkOf(t, "k1", newEdKey(t)) + `]}`
	for _, status := range []int{200, 201, 203, 206, 404, 410, 500, 503} {
		i.Answers(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, set)
		})
		if keys, err := j.get(t.Context()); (err == nil) != (status == 200) {
			t.Errorf("%d: got %d keys, %v", status, len(keys), err)
		}
	}
	i.Answers(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, set+strings.Repeat(" ", jwksMaxBytes))
	})
	if _, err := j.get(t.Context()); err == nil {
		t.Error("got an overlong answer taken")
	}
}
