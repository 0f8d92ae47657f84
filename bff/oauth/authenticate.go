package oauth

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"vestibule/internal/jose"
	"vestibule/internal/opaque"
	"vestibule/internal/web"
	"vestibule/store"
)

// clientID is the form of the ids of clients. Anything else in its place, for example a
// secret, is neither looked up nor recorded.
var clientID = regexp.MustCompile(`^` + jose.ServicePrefix + `[a-z0-9]{1,60}$`)

// caller is an authenticated client.
type caller struct {
	store.Client
	presented string // the hash of the secret that it presented
}

// use is what must still be true when a token is sent: the client exists and has the
// secret that it presented.
func (c caller) use(at time.Time) store.ClientUse {
	return store.ClientUse{ID: c.ID, SecretHash: c.presented, At: at}
}

// authenticateClient returns the client that sent the request. An unknown client costs the
// same as a wrong secret, so that the time does not tell them apart: one query, two
// comparisons, one counted attempt and one event.
func (s *Server) authenticateClient(r *http.Request, form tokenForm) (caller, error) {
	c, err := clientCredentials(r.Header, form)
	if err != nil {
		return caller{}, err
	}
	if !clientID.MatchString(c.id) {
		c.id = ""
	}
	client, err := s.clientByID(r, c.id)
	unknown := errors.Is(err, store.ErrNotFound)
	if err != nil && !unknown {
		return caller{}, err
	}
	presented := opaque.Hash(c.secret)
	if right := hasSecret(client, presented, s.Now()); right && !unknown {
		web.NoteUser(r, client.ID)
		return caller{client, presented}, nil
	}
	if err := s.WrongSecret(r, c.id); err != nil {
		return caller{}, err
	}
	e := s.clientEvent(r, c.id, store.EventClientFailed)
	if e.Detail = "wrong secret"; unknown {
		e.Detail = "unknown client"
	}
	if err := s.Store.Record(r.Context(), e); err != nil {
		return caller{}, err
	}
	return caller{}, errClient.Because(errors.New(e.Detail))
}

// clientByID looks up a client by an id that may be made up.
func (s *Server) clientByID(r *http.Request, id string) (store.Client, error) {
	leave, err := s.Stranger(r)
	if err != nil {
		return store.Client{}, err
	}
	defer leave()
	return s.Store.ClientByID(r.Context(), id)
}

// hasSecret compares in constant time. It always compares two secrets, also if the client
// has only one.
func hasSecret(c store.Client, presented string, now time.Time) bool {
	hash := []byte(presented)
	same := func(stored string) int {
		if len(stored) != len(hash) {
			stored = strings.Repeat("-", len(hash)) // never equal to a hash
		}
		return subtle.ConstantTimeCompare(hash, []byte(stored))
	}
	old := ""
	if c.OldSecretEndsAt != nil && now.Before(*c.OldSecretEndsAt) {
		old = c.OldSecretHash
	}
	return same(c.SecretHash)|same(old) == 1
}
