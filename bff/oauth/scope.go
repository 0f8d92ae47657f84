package oauth

import (
	"net/url"
	"slices"
	"strings"

	"vestibule/store"
)

// ScopesOf returns the scopes that tokens of a client may have. It leaves out the scope in
// which earlier versions stored the exchange grant.
func ScopesOf(c store.Client) []string {
	return slices.DeleteFunc(append([]string{}, c.Scopes...), func(scope string) bool { return scope == ScopeTokenExchange })
}

// chooseScopes reads a scope parameter: words with one space between them (RFC 6749 §3.3).
// Each word must be allowed. If the parameter is absent, it returns all that are allowed.
func chooseScopes(requested string, allowed []string) ([]string, error) {
	if requested == "" {
		return allowed, nil
	}
	words := strings.Split(requested, " ")
	for _, word := range words {
		switch {
		case word == "":
			return nil, refuse(invalidScope, "The parameter scope must be words with one space between them.")
		case !slices.Contains(allowed, word):
			return nil, wrongScope(word)
		}
	}
	return inOrder(words), nil
}

// inOrder returns each scope once, in the order in which tokens name them.
func inOrder(scopes []string) []string { return slices.Compact(slices.Sorted(slices.Values(scopes))) }

// audiencesOf returns for whom a client may get tokens by a grant.
//
// Before clients could have other scopes than those of the task API, their audiences were
// for exchanged tokens, and their own tokens could always be for the API. For clients that
// have no other scope this still holds. A client with another scope has its list alone: its
// scope may mean something else at our API.
func (s *Server) audiencesOf(c store.Client, grant string) []string {
	switch {
	case len(c.Audiences) == 0:
		return []string{s.Audience}
	case grant == store.GrantCredentials && !slices.ContainsFunc(ScopesOf(c), isForeign):
		return append([]string{s.Audience}, c.Audiences...)
	}
	return c.Audiences
}

// concerns reports whether a client may learn about a token: it was given to the client, or
// is for somebody for whom the client may get tokens.
func (s *Server) concerns(c store.Client, clientID, audience string) bool {
	return clientID == c.ID || slices.ContainsFunc(c.Grants, func(grant string) bool { return slices.Contains(s.audiencesOf(c, grant), audience) })
}

// isForeign reports whether a scope is none of the task API's.
func isForeign(scope string) bool { return !slices.Contains(taskScopes[:], scope) }

// chooseAudience reads the parameters audience and resource (RFC 8693 §2.1, RFC 8707 §2). A
// token has one audience. If both parameters are absent, it returns byDefault if that is
// allowed, or the only allowed audience.
func chooseAudience(form tokenForm, allowed []string, byDefault string) (string, error) {
	audience, resource := form["audience"], form["resource"]
	if resource != "" {
		u, err := url.Parse(resource)
		if err != nil || !u.IsAbs() || strings.Contains(resource, "#") {
			return "", refuse(invalidTarget, "The parameter resource must be an absolute URI without a fragment.")
		}
		if audience != "" && audience != resource {
			return "", refuse(invalidTarget, "A token is for one audience; audience and resource name two.")
		}
		audience = resource
	}
	switch {
	case audience != "" && slices.Contains(allowed, audience):
		return audience, nil
	case audience != "":
		return "", wrongAudience(audience)
	case slices.Contains(allowed, byDefault):
		return byDefault, nil
	case len(allowed) == 1:
		return allowed[0], nil
	}
	return "", refuse(invalidTarget, "Name one audience out of: "+strings.Join(allowed, " "))
}
