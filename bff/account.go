package bff

import (
	"crypto/rand"
	"regexp"
	"strings"
	"time"

	"vestibule/internal/web"
	"vestibule/store"
)

// userJSON is Better Auth's User.
type userJSON struct {
	Name          string   `json:"name"`
	Email         string   `json:"email"`
	EmailVerified bool     `json:"emailVerified"`
	Image         *string  `json:"image"`
	CreatedAt     web.Time `json:"createdAt"`
	UpdatedAt     web.Time `json:"updatedAt"`
	ID            string   `json:"id" doc:"Stable, opaque"`
}

func toUserJSON(u store.User) userJSON {
	return userJSON{
		Name:          u.Name,
		Email:         u.Email,
		EmailVerified: u.EmailVerified,
		Image:         u.Image,
		CreatedAt:     web.Time(u.CreatedAt),
		UpdatedAt:     web.Time(u.UpdatedAt),
		ID:            u.ID,
	}
}

// sessionJSON is Better Auth's Session, with our handle where that has the
// secret: page scripts read bodies, and the cookie is HttpOnly so that they
// cannot read the secret.
type sessionJSON struct {
	ExpiresAt web.Time `json:"expiresAt"`
	Token     string   `json:"token" doc:"The session's handle, for /revoke-session. It opens nothing"`
	CreatedAt web.Time `json:"createdAt"`
	UpdatedAt web.Time `json:"updatedAt"`
	IPAddress string   `json:"ipAddress"`
	UserAgent string   `json:"userAgent"`
	UserID    string   `json:"userId"`
	ID        string   `json:"id"`
}

func toSessionJSON(s store.Session) sessionJSON {
	return sessionJSON{
		ExpiresAt: web.Time(s.ExpiresAt),
		Token:     s.ID,
		CreatedAt: web.Time(s.CreatedAt),
		UpdatedAt: web.Time(s.UpdatedAt),
		IPAddress: s.IPAddress,
		UserAgent: s.UserAgent,
		UserID:    s.UserID,
		ID:        s.ID,
	}
}

// maxEmail is the longest address that SMTP can carry (RFC 5321 §4.5.3.1.3).
const maxEmail = 254

// emailPattern is Better Auth's, so that both accept the same addresses.
var emailPattern = regexp.MustCompile(`^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`)

// NormalEmail returns the form under which an address is stored and found, and
// whether it is one. White space around it, which comes along when it is copied or a
// keyboard completes it, is no part of it.
func NormalEmail(address string) (string, bool) {
	address = strings.TrimSpace(address)
	return strings.ToLower(address), len(address) <= maxEmail && emailPattern.MatchString(address)
}

// NewUser returns a user who has not been stored yet. Without a name they are
// called what stands before the @ of their address.
func NewUser(email, name string, now time.Time) store.User {
	if !web.Shows(name) {
		name, _, _ = strings.Cut(email, "@")
	}
	now = now.UTC().Truncate(time.Millisecond)
	return store.User{ID: "usr_" + strings.ToLower(rand.Text()), Name: name, Email: email, CreatedAt: now, UpdatedAt: now}
}

// remember reads rememberMe, which is true unless the client says otherwise.
func remember(in *web.Object) bool {
	if !in.Has("rememberMe") {
		return true
	}
	yes, _ := in.Bool("rememberMe")
	return yes
}
