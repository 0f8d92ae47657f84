package main

import (
	"vestibule/internal/web"
	"vestibule/store"
)

// userJSON is a user in JSON output.
type userJSON struct {
	ID            string    `json:"id"`
	Email         string    `json:"email"`
	EmailVerified bool      `json:"emailVerified"`
	Name          string    `json:"name"`
	Image         *string   `json:"image"`
	CreatedAt     web.Time  `json:"createdAt"`
	UpdatedAt     web.Time  `json:"updatedAt"`
	DisabledAt    *web.Time `json:"disabledAt"`
}

func toUserJSON(u store.User) userJSON {
	return userJSON{
		ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, Name: u.Name, Image: u.Image,
		CreatedAt: web.Time(u.CreatedAt), UpdatedAt: web.Time(u.UpdatedAt), DisabledAt: optionalTime(u.DisabledAt),
	}
}

// sessionJSON is a session in JSON output. Its id only identifies it: nobody can use
// the session with it.
type sessionJSON struct {
	ID         string   `json:"id"`
	UserID     string   `json:"userId"`
	IPAddress  string   `json:"ipAddress"`
	UserAgent  string   `json:"userAgent"`
	RememberMe bool     `json:"rememberMe"`
	CreatedAt  web.Time `json:"createdAt"`
	UpdatedAt  web.Time `json:"updatedAt"`
	ExpiresAt  web.Time `json:"expiresAt"`
}

func toSessionJSON(s store.Session) sessionJSON {
	return sessionJSON{
		ID: s.ID, UserID: s.UserID, IPAddress: s.IPAddress, UserAgent: s.UserAgent, RememberMe: s.RememberMe,
		CreatedAt: web.Time(s.CreatedAt), UpdatedAt: web.Time(s.UpdatedAt), ExpiresAt: web.Time(s.ExpiresAt),
	}
}

type accountJSON struct {
	ID         string   `json:"id"`
	ProviderID string   `json:"providerId"`
	AccountID  string   `json:"accountId"`
	CreatedAt  web.Time `json:"createdAt"`
	UpdatedAt  web.Time `json:"updatedAt"`
}
