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

// clientID is the form of the ids that we give out. Whatever else comes in its
// place, a secret for instance, is neither looked up nor recorded.
var clientID = regexp.MustCompile(`^` + jose.ServicePrefix + `[a-z0-9]{1,60}$`)

// caller is the client that a request comes from, and what it has shown.
type caller struct {
	store.Client
	presented string // the hash of the secret
}

// use is what must still hold when something is handed out: that the client is there,
// with the secret that was presented.
func (c caller) use(at time.Time) store.ClientUse {
	return store.ClientUse{ID: c.ID, SecretHash: c.presented, At: at}
}

// authenticateClient returns the client that the request comes from. An unknown
// client costs what a wrong secret costs: a query, two comparisons, a counted
// attempt and an event.
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

// clientByID asks for a client whose id may be made up.
func (s *Server) clientByID(r *http.Request, id string) (store.Client, error) {
	leave, err := s.Stranger(r)
	if err != nil {
		return store.Client{}, err
	}
	defer leave()
	return s.Store.ClientByID(r.Context(), id)
}

// hasSecret compares in constant time, with both secrets whether or not there is a
// second one.
func hasSecret(c store.Client, presented string, now time.Time) bool {
	hash := []byte(presented)
	same := func(stored string) int {
		if len(stored) != len(hash) {
			stored = strings.Repeat("-", len(hash)) // nobody's
		}
		return subtle.ConstantTimeCompare(hash, []byte(stored))
	}
	old := ""
	if c.OldSecretEndsAt != nil && now.Before(*c.OldSecretEndsAt) {
		old = c.OldSecretHash
	}
	return same(c.SecretHash)|same(old) == 1
}
