package bff

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/bff/session"
	"vestibule/bff/token"
	"vestibule/internal/web"
	"vestibule/store"
)

// sessionJSON is Better Auth's Session, with a handle in place of the secret: scripts of
// the page can read bodies, and must not learn the secret in the HttpOnly cookie.
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

type signedUpJSON struct {
	Token *string  `json:"token" doc:"The session's handle; null without a session"` // only the cookie holds the secret
	User  userJSON `json:"user"`
}

func (s *Server) openSessions(r prometheus.Registerer) (*session.Sessions, error) {
	return session.New(session.Config{
		Cookie: session.Cookie{
			Name:     s.cfg.CookieName,
			Secure:   s.https(),
			SameSite: s.cfg.CookieSameSite,
			Secret:   s.cfg.Secret,
			Previous: s.cfg.PreviousSecrets,
		},
		ExpiresIn: s.cfg.SessionExpiresIn,
		UpdateAge: s.cfg.SessionUpdateAge,
		MaxAge:    s.cfg.SessionMaxAge,
		FreshAge:  s.cfg.SessionFreshAge,
		Recheck:   recheck,
		Version:   s.store.Version,
		ClientIP:  s.clients.Of,

		MaxStreams:           s.cfg.MaxStreams,
		MaxStreamsPerUser:    s.cfg.MaxStreamsPerUser,
		MaxStreamsPerSession: s.cfg.MaxStreamsPerSession,
		AddressShare:         s.cfg.addressShare(),

		Tokens: s.tokens,
		Kinds:  []token.Kind{kindOfDefaultAPI: {Audience: s.cfg.JWTAudience}},
		Now:    s.now,

		Metrics: r,
	}, s.store)
}

// recheck is how long a row of a session is used without another query, although nothing
// tells that it has changed.
const recheck = time.Minute

// surplus is the event of a session that ends because its user has too many.
func (s *Server) surplus() store.Event {
	return store.Event{
		At: s.now(), Type: store.EventSessionRevoked, Actor: store.ActorUser,
		Detail: fmt.Sprintf("more than %d sessions (SESSIONS_PER_USER)", s.cfg.SessionsPerUser),
	}
}
