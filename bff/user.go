package bff

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestibule/internal/web"
	"vestibule/store"
)

// MaxName and maxImage bound what is stored for a user, in bytes.
const (
	MaxName  = 1024
	maxImage = 8192
)

// readName returns the name in a body, or nil when it has none. A name without a visible
// character becomes the empty name; pages then show the address.
func readName(body *web.Object) *string {
	if !body.Has("name") {
		return nil
	}
	name, _ := body.String("name")
	if len(name) > MaxName {
		body.Reject("name", fmt.Sprintf("expected at most %d bytes", MaxName))
	}
	if !web.Shows(name) {
		name = ""
	}
	return &name
}

// readImage returns the image in a body, which may be null, or nil when it has
// none.
func readImage(body *web.Object) **string {
	var image *string
	switch {
	case !body.Has("image"):
		return nil
	case !body.IsNull("image"):
		text, _ := body.String("image")
		if image = &text; len(text) > maxImage {
			body.Reject("image", fmt.Sprintf("expected at most %d bytes", maxImage))
		}
	}
	return &image
}

// unauthorizedIfDeleted answers 401 if the user was deleted during the request.
func unauthorizedIfDeleted(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrNoUser) {
		return errUnauthorized.Because(err)
	}
	return err
}

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

// NewUser returns a user who has not been stored yet. The default name is the part of
// the address before the @.
func NewUser(email, name string, now time.Time) store.User {
	if !web.Shows(name) {
		name, _, _ = strings.Cut(email, "@")
	}
	now = now.UTC().Truncate(time.Millisecond)
	return store.User{ID: "usr_" + strings.ToLower(rand.Text()), Name: name, Email: email, CreatedAt: now, UpdatedAt: now}
}
