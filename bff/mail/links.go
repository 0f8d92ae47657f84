package mail

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"vestibule/internal/opaque"
	"vestibule/store"
)

// linkLife is how long a link works after it is sent. Better Auth uses the same value.
const linkLife = time.Hour

func (o *Outbox) verifyLink(ctx context.Context, m store.Mail, user store.User, purpose string) (string, error) {
	token, err := o.newLink(ctx, m, user, purpose)
	return o.BaseURL.JoinPath("/api/auth/verify-email").String() + "?token=" + token + "&callbackURL=" + landing(m), err
}

func (o *Outbox) resetLink(ctx context.Context, m store.Mail, user store.User) (string, error) {
	token, err := o.newLink(ctx, m, user, store.PurposeReset)
	link := o.BaseURL.JoinPath("/api/auth/reset-password", token).String() // #nosec G125 -- newLink made the token
	if m.CallbackURL != "" {                                               // otherwise the link opens our own page
		link += "?callbackURL=" + landing(m)
	}
	return link, err
}

// undoLink opens our own page: the reader may have no app open, and a mail scanner that
// follows the link must not trigger the change.
func (o *Outbox) undoLink(ctx context.Context, m store.Mail, user store.User) (string, error) {
	user.Email = m.Recipient
	token, err := o.newLink(ctx, m, user, store.PurposeUndo)
	return o.BaseURL.JoinPath("/api/auth/undo-email").String() + "?token=" + token, err
}

// landing is the escaped address to which a link leads in the end.
func landing(m store.Mail) string {
	if m.CallbackURL == "" {
		return url.QueryEscape("/")
	}
	return url.QueryEscape(m.CallbackURL)
}

// newLink makes the token of a mail's link. If this is a retry, it replaces the link of the
// earlier attempt.
func (o *Outbox) newLink(ctx context.Context, m store.Mail, user store.User, purpose string) (string, error) {
	token, now := opaque.NewToken(), o.Now().UTC()
	life := linkLife
	if purpose == store.PurposeUndo {
		life = store.UndoFor
	}
	err := o.store.PutVerification(ctx, store.Verification{
		ID:        m.ID,
		Purpose:   purpose,
		TokenHash: opaque.Hash(token),
		UserID:    user.ID,
		SessionID: m.SessionID,
		Email:     user.Email,
		NewEmail:  m.NewEmail,
		CreatedAt: now,
		ExpiresAt: now.Add(life),
	})
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: the request was withdrawn", errNobody)
	}
	return token, err
}
