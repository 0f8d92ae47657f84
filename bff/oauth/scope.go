package oauth

import (
	"net/url"
	"slices"
	"strings"
)

// taskScopes returns the scopes that the API knows. It removes the scope in which earlier
// versions stored the exchange grant.
func taskScopes(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return scope == ScopeTokenExchange })
}

// chooseScopes reads a scope parameter: words with one space between them (RFC 6749 §3.3).
// Each word must be allowed. If the parameter is absent, it returns byDefault.
func chooseScopes(requested string, byDefault, allowed []string) ([]string, error) {
	if requested == "" {
		return byDefault, nil
	}
	words := strings.Split(requested, " ")
	for _, word := range words {
		switch {
		case word == "":
			return nil, refuse(invalidScope, "The parameter scope must be words with one space between them.")
		case !slices.Contains(allScopes[:], word):
			return nil, unknownScope(word)
		case !slices.Contains(allowed, word):
			return nil, refuse(invalidScope, "The scope "+word+" is not allowed here.")
		}
	}
	return inOrder(words), nil
}

// chooseAudience reads the parameters audience and resource (RFC 8693 §2.1). A token has
// one audience. If both parameters are absent, it returns byDefault if that is allowed, or
// the only allowed audience.
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
