package bff

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
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
	if right := hasSecret(client, presented, s.now()); right && !unknown {
		web.NoteUser(r, client.ID)
		return caller{client, presented}, nil
	}
	if err := s.limit(r, s.tryClientSecret(r, c.id)); err != nil {
		return caller{}, err
	}
	e := s.clientEvent(r, c.id, store.EventClientFailed)
	if e.Detail = "wrong secret"; unknown {
		e.Detail = "unknown client"
	}
	if err := s.store.Record(r.Context(), e); err != nil {
		return caller{}, err
	}
	return caller{}, errClient.Because(errors.New(e.Detail))
}

// clientByID asks for a client whose id may be made up.
func (s *Server) clientByID(r *http.Request, id string) (store.Client, error) {
	leave, err := s.stranger(r)
	if err != nil {
		return store.Client{}, err
	}
	defer leave()
	return s.store.ClientByID(r.Context(), id)
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

// taskScopes are the scopes that say something to the API: not the one that an earlier
// version wrote into its clients.
func taskScopes(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return scope == ScopeTokenExchange })
}

// chooseScopes reads a scope parameter: words with one space between them (RFC 6749
// §3.3), each of which must be allowed. Without one it returns byDefault.
func chooseScopes(requested string, byDefault, allowed []string) ([]string, error) {
	if requested == "" {
		return byDefault, nil
	}
	words := strings.Split(requested, " ")
	for _, word := range words {
		switch {
		case word == "":
			return nil, refuseOAuth(oauthInvalidScope, "The parameter scope must be words with one space between them.")
		case !slices.Contains(Scopes[:], word):
			return nil, refuseOAuth(oauthInvalidScope, "The scope "+named(word)+" is unknown.")
		case !slices.Contains(allowed, word):
			return nil, refuseOAuth(oauthInvalidScope, "The scope "+word+" is not allowed here.")
		}
	}
	return inOrder(words), nil
}

// chooseAudience reads the parameters audience and resource (RFC 8693 §2.1), of
// which a token has one. Without either it returns byDefault if that is allowed,
// else the only one that is.
func chooseAudience(form tokenForm, allowed []string, byDefault string) (string, error) {
	audience, resource := form["audience"], form["resource"]
	if resource != "" {
		u, err := url.Parse(resource)
		if err != nil || !u.IsAbs() || strings.Contains(resource, "#") {
			return "", refuseOAuth(oauthInvalidTarget, "The parameter resource must be an absolute URI without a fragment.")
		}
		if audience != "" && audience != resource {
			return "", refuseOAuth(oauthInvalidTarget, "A token is for one audience; audience and resource name two.")
		}
		audience = resource
	}
	switch {
	case audience != "" && slices.Contains(allowed, audience):
		return audience, nil
	case audience != "":
		return "", refuseOAuth(oauthInvalidTarget, "The audience "+named(audience)+" is not allowed for this client.")
	case slices.Contains(allowed, byDefault):
		return byDefault, nil
	case len(allowed) == 1:
		return allowed[0], nil
	}
	return "", refuseOAuth(oauthInvalidTarget, "Name one audience out of: "+strings.Join(allowed, " "))
}
