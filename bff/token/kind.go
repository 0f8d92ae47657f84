package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"vestibule/store"
)

// Kind is what the tokens of a session say besides the user and the session: for whom they
// are, what they open there, and what they tell of the user.
type Kind struct {
	Audience string   // the claim aud; "": the Audience of the Config
	Scope    string   // the claim scope; "": none, so that the token opens all that is the user's
	Claims   []string // out of UserClaims
}

// The claims about a user that a Kind may ask for (OpenID Connect Core §5.1). A token has
// none of them by default: most APIs need only the id.
const (
	ClaimEmail         = "email"
	ClaimEmailVerified = "email_verified"
	ClaimName          = "name"
)

// UserClaims returns the claims that a Kind may ask for.
func UserClaims() []string { return []string{ClaimEmail, ClaimEmailVerified, ClaimName} }

// SaysTheSame reports whether the tokens of this kind say the same of both users, who have the
// same id.
func (k Kind) SaysTheSame(a, b *store.User) bool {
	return !slices.ContainsFunc(k.Claims, func(name string) bool {
		switch name {
		case ClaimEmail:
			return a.Email != b.Email
		case ClaimEmailVerified:
			return a.EmailVerified != b.EmailVerified
		}
		return a.Name != b.Name
	})
}

// Check refuses unknown claims.
func (k Kind) Check() error {
	for _, name := range k.Claims {
		if !slices.Contains(UserClaims(), name) {
			return fmt.Errorf("token: unknown claim %q, want some of %s", name, strings.Join(UserClaims(), ", "))
		}
	}
	return nil
}

// userInfo is what a token tells of its user. A claim without a value is left out (OpenID
// Connect Core §5.3.2).
type userInfo struct {
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
	Name          string `json:"name,omitempty"`
}

// describe returns the claims that k asks for.
func (k Kind) describe(u *store.User) (i userInfo) {
	for _, name := range k.Claims {
		switch name {
		case ClaimEmail:
			i.Email = u.Email
		case ClaimEmailVerified:
			i.EmailVerified = &u.EmailVerified
		case ClaimName:
			i.Name = withoutControls(u.Name)
		}
	}
	return i
}

// withoutControls leaves control characters out. JSON writes each in six bytes: a long name
// of them would make a header that many servers refuse.
func withoutControls(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, name)
}

// encode writes the payload of a token. It leaves <, > and & as they are, which would take
// six bytes each.
func encode(c claims) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(c)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
