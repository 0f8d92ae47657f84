package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"vestibule/bff/token"
	"vestibule/internal/daemon"
	"vestibule/internal/jose"
	"vestibule/internal/settings"
	"vestibule/internal/web"
	"vestibule/store"
)

// keyJSON is a signing key in JSON output.
type keyJSON struct {
	ID             string    `json:"id"`
	Algorithm      string    `json:"algorithm"`
	State          string    `json:"state"`
	CreatedAt      web.Time  `json:"createdAt"`
	SignsFrom      *web.Time `json:"signsFrom"`      // null: never
	PublishedUntil *web.Time `json:"publishedUntil"` // null: no end yet
}

// signsFrom is nil for a key that never signs.
func signsFrom(s token.Status) *time.Time {
	if s.Starts.IsZero() {
		return nil
	}
	return &s.Starts
}

func toKeyJSON(s token.Status) keyJSON {
	return keyJSON{ID: s.ID, Algorithm: s.Algorithm, State: string(s.State), CreatedAt: web.Time(s.CreatedAt),
		SignsFrom: optionalTime(signsFrom(s)), PublishedUntil: optionalTime(s.ExpiresAt)}
}

func keysList(ctx context.Context, p *program, c *settings.Settings) error {
	return p.withData(ctx, c, func(db *store.Store) error {
		rows, err := db.Keys(ctx)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			p.note("no signing keys: HS256 signs with BETTER_AUTH_SECRET; with EdDSA and ES256, the first start of vestibule serve or vestibule bff makes a key")
			return nil
		}
		out := p.output("ID", "ALGORITHM", "CREATED", "SIGNS FROM", "PUBLISHED UNTIL", "STATE")
		for _, k := range token.Overview(rows, time.Now()) {
			p.keyRow(out, k)
		}
		return out.close()
	})
}

func (p *program) keyRow(out *output, k token.Status) {
	out.row(toKeyJSON(k), k.ID, k.Algorithm, formatTime(k.CreatedAt), timeIfAny(signsFrom(k)), timeIfAny(k.ExpiresAt), string(k.State))
}

// keysRotate publishes a new signing key.
func keysRotate(ctx context.Context, p *program, c *settings.Settings) error {
	if c.BFF.JWTAlgorithm == jose.HS256 {
		return usageError("keys rotate is for EdDSA and ES256: set JWT_ALGORITHM as for vestibule serve; the key of HS256 is BETTER_AUTH_SECRET")
	}
	if err := needSecret(c); err != nil {
		return err
	}
	return p.withData(ctx, c, func(db *store.Store) error {
		// A key that the instances cannot decrypt would never sign. So the secret must be the
		// one that decrypts the present key, and one that all running instances accept.
		if _, err := openMinter(ctx, c, db); err != nil {
			return err
		}
		if err := daemon.CheckAccepted(ctx, c, db); err != nil {
			return err
		}
		var next token.Key
		err := changeKeys(ctx, db, func(rows []store.Key) (change store.KeyChange, err error) {
			change, next, err = tokenConfig(c).Rotate(rows)
			return change, err
		})
		if errors.Is(err, token.ErrTooEarly) {
			return refusal("the next signing key is published already: " + next.ID + " signs from " + formatTime(*next.SignsAt) + " UTC; rotate again after that")
		}
		if err != nil {
			return err
		}
		p.note("%s is published now and signs from %s UTC, when every verifier has it. The key before it stays published until its last token has expired.", next.ID, formatTime(*next.SignsAt))
		out := p.output()
		out.row(toKeyJSON(token.Status{Key: next, State: token.Next, Starts: *next.SignsAt}))
		return out.close()
	})
}

// keysRetire ends a signing key.
func keysRetire(ctx context.Context, p *program, c *settings.Settings) error {
	id, atOnce := p.given.args[0], p.given.has("now")
	return p.withData(ctx, c, func(db *store.Store) error {
		var was token.Status
		var end *time.Time
		err := changeKeys(ctx, db, func(rows []store.Key) (store.KeyChange, error) {
			now := time.Now()
			change, err := token.Retire(rows, id, atOnce, now)
			for _, k := range token.Overview(rows, now) {
				if k.ID == id {
					was = k
				}
			}
			if len(change.Update) > 0 {
				end = change.Update[0].ExpiresAt
			}
			return change, err
		})
		var refused token.Refused
		switch {
		case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrInvalidText):
			return refusal("there is no key " + strconv.Quote(id) + "; see vestibule keys list")
		case errors.As(err, &refused):
			return refusal(string(refused) + ". If it has leaked, add --now: then its tokens become invalid")
		case err != nil:
			return err
		}
		p.note("%s", retired(was, end))
		out := p.output()
		was.State, was.ExpiresAt = token.Ended, end
		if end != nil {
			was.State = token.Replaced
		}
		out.row(toKeyJSON(was))
		return out.close()
	})
}

// retired says what follows from the end of a key.
func retired(k token.Status, end *time.Time) string {
	switch {
	case end != nil:
		return fmt.Sprintf("%s stays published until %s UTC, when its last token has expired", k.ID, formatTime(*end))
	case k.State == token.Ended:
		return k.ID + " is deleted"
	}
	text := k.ID + " is not published any more, and its tokens become invalid. The task API still accepts them for up to a minute, and other services as long as they keep their keys (max-age: " + token.MaxAge.String() + ")."
	if k.State == token.Signs {
		text += " The instances sign with another key within seconds. Until the APIs have it, requests through the proxy can get a 502, mostly for a few seconds."
	}
	return text
}

// changeKeys changes the keys as an operator.
func changeKeys(ctx context.Context, db *store.Store, plan func([]store.Key) (store.KeyChange, error)) error {
	return db.ChangeKeys(ctx, func(rows []store.Key) (store.KeyChange, error) {
		change, err := plan(rows)
		for i, e := range change.Events {
			by := operatorEvent(e.Type)
			change.Events[i].Actor, change.Events[i].Detail = by.Actor, e.Detail+", "+by.Detail
		}
		return change, err
	})
}
