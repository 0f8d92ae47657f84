package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vestibule/api"
	"vestibule/bff/oauth"
	"vestibule/internal/jose"
	"vestibule/internal/settings"
	"vestibule/internal/web"
	"vestibule/store"
)

// clientJSON is a service client in JSON output. It has a secret only directly after the
// secret was created.
type clientJSON struct {
	ID              string    `json:"id"`
	Name            string    `json:"name"`
	Secret          string    `json:"secret,omitempty"`
	Grants          []string  `json:"grants"`
	Scopes          []string  `json:"scopes"`
	Audiences       []string  `json:"audiences"` // empty: JWT_AUDIENCE
	CreatedAt       web.Time  `json:"createdAt"`
	RotatedAt       *web.Time `json:"rotatedAt"`
	OldSecretEndsAt *web.Time `json:"oldSecretEndsAt"`
	LastUsedAt      *web.Time `json:"lastUsedAt"`
}

func toClientJSON(c store.Client, secret string) clientJSON {
	return clientJSON{
		ID: c.ID, Name: c.Name, Secret: secret, Grants: append([]string{}, c.Grants...), Scopes: oauth.ScopesOf(c), Audiences: append([]string{}, c.Audiences...),
		CreatedAt: web.Time(c.CreatedAt), RotatedAt: optionalTime(c.RotatedAt), OldSecretEndsAt: optionalTime(c.OldSecretEndsAt), LastUsedAt: optionalTime(c.LastUsedAt),
	}
}

// words splits the value of an option at commas and spaces.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

func clientCreate(ctx context.Context, p *program, c *settings.Settings) error {
	made, secret, err := oauth.NewClient(p.given.args[0], words(p.given.options["grant"]), words(p.given.options["scope"]), words(p.given.options["audience"]), time.Now())
	if err != nil {
		return usageError(err.Error())
	}
	return p.withData(ctx, c, func(db *store.Store) error {
		e := operatorEvent(store.EventClientCreated)
		e.Detail = fmt.Sprintf("%s, grant %q, scope %q, audience %q, %s", made.Name, strings.Join(made.Grants, " "), strings.Join(made.Scopes, " "), strings.Join(made.Audiences, " "), e.Detail)
		err := changeClient(ctx, db, made.ID, e, func(tx *store.Tx) error { return tx.CreateClient(made) })
		if errors.Is(err, store.ErrConflict) {
			return refusal("the client " + strconv.Quote(made.Name) + " exists already; choose another name, or see vestibule client list")
		}
		if err != nil {
			return err
		}
		if err := p.showSecret(made, secret); err != nil {
			return err
		}
		if unknown := oauth.UnknownTaskScopes(made); len(unknown) > 0 {
			p.note("Not scopes of Vestibule's task API: %s. It has %s.", strings.Join(unknown, " "), strings.Join(api.Scopes[:], " "))
		}
		return nil
	})
}

// showSecret prints a client with its new secret. The secret is never shown again.
func (p *program) showSecret(c store.Client, secret string) error {
	out := p.output()
	out.row(toClientJSON(c, secret), "client_id", c.ID)
	out.row(nil, "client_secret", secret)
	out.row(nil, "grant", strings.Join(c.Grants, " "))
	out.row(nil, "scope", strings.Join(oauth.ScopesOf(c), " "))
	if len(c.Audiences) > 0 {
		out.row(nil, "audience", strings.Join(c.Audiences, " "))
	}
	if err := out.close(); err != nil {
		return err
	}
	p.note("Store the secret where the service reads it: it is not shown again.")
	return nil
}

func clientList(ctx context.Context, p *program, c *settings.Settings) error {
	return p.withData(ctx, c, func(db *store.Store) error {
		clients, err := db.Clients(ctx)
		if err != nil {
			return err
		}
		out := p.output("ID", "NAME", "GRANT", "SCOPE", "AUDIENCE", "CREATED", "ROTATED", "OLD SECRET ENDS", "LAST USED")
		for _, cl := range clients {
			out.row(toClientJSON(cl, ""), cl.ID, cl.Name, strings.Join(cl.Grants, " "), strings.Join(oauth.ScopesOf(cl), " "), strings.Join(cl.Audiences, " "),
				formatTime(cl.CreatedAt), timeIfAny(cl.RotatedAt), timeIfAny(cl.OldSecretEndsAt), timeIfAny(cl.LastUsedAt))
		}
		return out.close()
	})
}

// maxKeepOld is the maximum time that an old secret may stay valid after a rotation.
const maxKeepOld = 30 * 24 * time.Hour

func clientRotate(ctx context.Context, p *program, c *settings.Settings) error {
	now := time.Now().UTC()
	var keepOld *time.Time
	if text := p.given.options["keep-old"]; text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 || d > maxKeepOld {
			return usageError("--keep-old=" + settings.Show(text) + " is not a duration up to 720h; use a value like 24h, or omit it to end the old secret at once")
		}
		keepOld = new(now.Add(d))
	}
	return p.withData(ctx, c, func(db *store.Store) error {
		cl, err := findClient(ctx, db, p.given.args[0])
		if err != nil {
			return err
		}
		secret, hash := oauth.NewClientSecret()
		e := operatorEvent(store.EventClientRotated)
		if keepOld != nil {
			e.Detail = "the old secret is valid until " + formatTime(*keepOld) + ", " + e.Detail
		}
		err = changeClient(ctx, db, cl.ID, e, func(tx *store.Tx) error { return tx.RotateClient(cl.ID, hash, keepOld, now) })
		if err != nil {
			return err
		}
		if cl, err = db.ClientByID(ctx, cl.ID); err != nil {
			return err
		}
		return p.showSecret(cl, secret)
	})
}

func clientDelete(ctx context.Context, p *program, c *settings.Settings) error {
	return p.withData(ctx, c, func(db *store.Store) error {
		cl, err := findClient(ctx, db, p.given.args[0])
		if err != nil {
			return err
		}
		if !p.given.has("yes") {
			if err := p.confirm(ctx, "client delete", "the client "+cl.Name+" ("+cl.ID+")", "name", cl.Name); err != nil {
				return err
			}
		}
		e := operatorEvent(store.EventClientDeleted)
		e.Detail = cl.Name + ", " + e.Detail
		if err := changeClient(ctx, db, cl.ID, e, func(tx *store.Tx) error { return tx.DeleteClient(cl.ID) }); err != nil {
			return err
		}
		p.note("%s is deleted; its tokens are valid until they expire", printable(cl.Name))
		out := p.output()
		out.row(toClientJSON(cl, ""))
		return out.close()
	})
}

// changeClient changes a client and records e in one transaction.
func changeClient(ctx context.Context, db *store.Store, id string, e store.Event, change func(*store.Tx) error) error {
	return db.Tx(ctx, "change client", func(tx *store.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		e.ClientID = id
		return tx.Record(e)
	})
}

// findClient finds a client by name or id.
func findClient(ctx context.Context, db *store.Store, idOrName string) (store.Client, error) {
	find := db.ClientByName
	if strings.HasPrefix(idOrName, jose.ServicePrefix) { // no name may start with it
		find = db.ClientByID
	}
	c, err := find(ctx, idOrName)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
		return c, refusal("there is no client " + strconv.Quote(idOrName) + "; see vestibule client list")
	}
	return c, err
}

// clientIDOf returns the id of a client. idOrName is a name or an id. An id is not looked
// up, because the client may be deleted.
func clientIDOf(ctx context.Context, db *store.Store, idOrName string) (string, error) {
	if strings.HasPrefix(idOrName, jose.ServicePrefix) {
		return idOrName, nil
	}
	c, err := findClient(ctx, db, idOrName)
	return c.ID, err
}
