package oauth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vestibule/internal/jose"
	"vestibule/internal/opaque"
	"vestibule/internal/web"
	"vestibule/store"
)

// ScopeTokenExchange is how earlier versions stored the exchange grant. No token has this
// scope any more.
const ScopeTokenExchange = "token:exchange"

// taskScopes lists the scopes of the task API. A client may have others, for other APIs.
var taskScopes = [...]string{"tasks:read", "tasks:write"}

// allGrants lists the grants that a client may have.
var allGrants = [...]string{store.GrantCredentials, store.GrantExchange}

const (
	maxClientName = 100 // code points
	maxAudience   = 255 // bytes
	maxAudiences  = 50
	maxScopes     = 50
	maxScopeBytes = 2048 // of all scopes, with a space between them: a token must fit into a header
)

// NewClientSecret makes a secret for a client and the hash to store. The prefix lets scanners find secrets that were committed to a repository.
func NewClientSecret() (secret, hash string) {
	secret = "vcs_" + opaque.NewToken()
	return secret, opaque.Hash(secret)
}

// NewClient makes a client and its secret. Without grants, the client gets the
// grant for its own tokens. The errors are for the operator.
func NewClient(name string, grants, scopes, audiences []string, now time.Time) (c store.Client, secret string, err error) {
	if err := checkClientName(name); err != nil {
		return c, "", err
	}
	if grants, scopes, err = chooseGrants(grants, scopes); err != nil {
		return c, "", err
	}
	if scopes, err = checkScopes(scopes); err != nil {
		return c, "", err
	}
	var kept []string
	for _, audience := range audiences {
		if !validAudience(audience) {
			return c, "", fmt.Errorf("audience %q is invalid; use up to %d ASCII characters without spaces, commas, quotes and backslashes", audience, maxAudience)
		}
		if !slices.Contains(kept, audience) {
			kept = append(kept, audience)
		}
	}
	if len(kept) > maxAudiences {
		return c, "", fmt.Errorf("%d audiences are too many; use at most %d", len(kept), maxAudiences)
	}
	c = store.Client{
		ID: jose.ServicePrefix + strings.ToLower(rand.Text()), Name: name,
		Grants: grants, Scopes: scopes, Audiences: kept, CreatedAt: now.UTC(),
	}
	secret, c.SecretHash = NewClientSecret()
	return c, secret, nil
}

// chooseGrants returns the grants of a new client. In earlier versions, which had no
// grants, the scope token:exchange gave both. It still does.
func chooseGrants(grants, scopes []string) (chosen, left []string, err error) {
	requested := slices.Contains(scopes, ScopeTokenExchange)
	if requested && len(grants) > 0 {
		return nil, nil, fmt.Errorf("%s is the grant %s now; leave it out of the scopes and name the grant", ScopeTokenExchange, store.GrantExchange)
	}
	for _, grant := range grants {
		if !slices.Contains(allGrants[:], grant) {
			return nil, nil, fmt.Errorf("grant %q is unknown; use %s", grant, strings.Join(allGrants[:], ", "))
		}
	}
	for _, grant := range allGrants {
		byDefault := len(grants) == 0 && (grant == store.GrantCredentials || requested)
		if byDefault || slices.Contains(grants, grant) {
			chosen = append(chosen, grant)
		}
	}
	return chosen, ScopesOf(store.Client{Scopes: scopes}), nil
}

// checkScopes returns the scopes of a new client, each once.
func checkScopes(scopes []string) ([]string, error) {
	for _, scope := range scopes {
		if !jose.IsScope(scope) {
			return nil, fmt.Errorf("scope %q is invalid; use ASCII characters without spaces, quotes and backslashes, like orders:read", scope)
		}
	}
	scopes = inOrder(scopes)
	switch length := len(strings.Join(scopes, " ")); {
	case len(scopes) > maxScopes:
		return nil, fmt.Errorf("%d scopes are too many; use at most %d", len(scopes), maxScopes)
	case length > maxScopeBytes:
		return nil, fmt.Errorf("the scopes have %d bytes together; use at most %d", length, maxScopeBytes)
	}
	return scopes, nil
}

// UnknownTaskScopes returns the scopes that look like those of the task API and are none of
// them. They may be mistyped, or an API of the operator's own has them.
func UnknownTaskScopes(c store.Client) []string {
	return slices.DeleteFunc(ScopesOf(c), func(scope string) bool { return !strings.HasPrefix(scope, "tasks:") || !isForeign(scope) })
}

// checkClientName refuses names that are unreadable or look like an id.
func checkClientName(name string) error {
	unreadable := func(r rune) bool { return !unicode.IsGraphic(r) }
	switch n := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unreadable) || strings.TrimSpace(name) != name:
		return errors.New("the name is not plain text; use letters, digits and signs, without a space at the start or end")
	case n == 0 || n > maxClientName:
		return fmt.Errorf("a name has 1 to %d characters", maxClientName)
	case !web.Shows(name):
		return errors.New("the name has no visible character; use letters, digits and signs")
	case strings.HasPrefix(name, jose.ServicePrefix):
		return errors.New("a name that begins with svc_ looks like an id; choose another")
	}
	return nil
}

// validAudience accepts only characters that are allowed in an error_description (RFC 6749
// §5.2) and do not separate the items of a list.
func validAudience(text string) bool {
	return text != "" && len(text) <= maxAudience &&
		!strings.ContainsFunc(text, func(r rune) bool { return !jose.Quotable(r) || r == ' ' || r == ',' })
}
