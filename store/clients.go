package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"vestibule/store/db"
)

// Client is an internal service that gets its own tokens.
type Client struct {
	ID         string   // svc_…
	Name       string   // unique, for people
	SecretHash string   // lower-case hex SHA-256 of the secret, which is never stored
	Grants     []string // how it gets tokens: Grant…
	Scopes     []string // that its tokens may have
	Audiences  []string // of its tokens; none: the API's own
	CreatedAt  time.Time
	RotatedAt  *time.Time // when it last got another secret
	LastUsedAt *time.Time // to the minute

	// The secret before the last rotation, which is valid until OldSecretEndsAt.
	OldSecretHash   string
	OldSecretEndsAt *time.Time
}

// How a client gets tokens.
const (
	GrantCredentials = "credentials" // for itself, with its credentials
	GrantExchange    = "exchange"    // for a user, in exchange for the user's token
)

const clientColumns = `c.id, c.name, c.secret, c.grants, c.scopes, c.audiences, c."createdAt", c."rotatedAt", c."lastUsedAt",
	COALESCE(c."oldSecret", ''), c."oldSecretEndsAt"`

// list scans a column of words that are separated by spaces.
type list struct{ to *[]string }

// Scan implements sql.Scanner.
func (l list) Scan(value any) error {
	text, _ := value.(string)
	*l.to = strings.Fields(text)
	return nil
}

func (c *Client) fields() []any {
	return []any{&c.ID, &c.Name, &c.SecretHash, list{&c.Grants}, list{&c.Scopes}, list{&c.Audiences}, db.Instant(&c.CreatedAt),
		db.NullInstant(&c.RotatedAt), db.NullInstant(&c.LastUsedAt), &c.OldSecretHash, db.NullInstant(&c.OldSecretEndsAt)}
}

// CreateClient adds a client. It returns ErrConflict when its name is taken.
// Grants, scopes and audiences are words without spaces.
func (tx *Tx) CreateClient(c Client) error {
	_, err := tx.exec(`INSERT INTO client (id, name, secret, grants, scopes, audiences, "createdAt") VALUES (?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Name, c.SecretHash, strings.Join(c.Grants, " "), strings.Join(c.Scopes, " "), strings.Join(c.Audiences, " "), c.CreatedAt)
	return err
}

// Clients returns all clients, by name.
func (s *Store) Clients(ctx context.Context) ([]Client, error) {
	var found []Client
	err := s.Call(ctx, "clients", func(ctx context.Context) error {
		found = nil
		var c Client
		return s.AccountRead().Each(ctx, c.fields(), func() { found = append(found, c) },
			`SELECT `+clientColumns+` FROM client c`)
	})
	// Sorted here, because the database's order of text depends on its locale.
	slices.SortFunc(found, func(a, b Client) int { return cmp.Compare(a.Name, b.Name) })
	return found, err
}

// ClientByID returns a client, or ErrNotFound.
func (s *Store) ClientByID(ctx context.Context, id string) (Client, error) {
	return s.client(ctx, "client by id", `c.id = ?`, id)
}

// ClientByName returns a client, or ErrNotFound.
func (s *Store) ClientByName(ctx context.Context, name string) (Client, error) {
	return s.client(ctx, "client by name", `c.name = ?`, name)
}

func (s *Store) client(ctx context.Context, what, condition, arg string) (c Client, err error) {
	err = s.Call(ctx, what, func(ctx context.Context) error {
		return s.AccountRead().One(ctx, c.fields(), `SELECT `+clientColumns+` FROM client c WHERE `+condition, arg)
	})
	if err != nil {
		return Client{}, err
	}
	return c, nil
}

// RotateClient gives a client a new secret. The present secret stays valid until keepOld,
// or ends at once if keepOld is nil. An even older secret ends in any case. It returns
// ErrNotFound when there is no such client.
func (tx *Tx) RotateClient(id, secretHash string, keepOld *time.Time, now time.Time) error {
	return tx.change(`UPDATE client SET "oldSecret" = CASE WHEN ? THEN secret END, "oldSecretEndsAt" = ?, secret = ?, "rotatedAt" = ? WHERE id = ?`,
		keepOld != nil, keepOld, secretHash, now, id)
}

// DeleteClient deletes a client. It returns ErrNotFound when there is no such client.
func (tx *Tx) DeleteClient(id string) error {
	return tx.change(`DELETE FROM client WHERE id = ?`, id)
}

// usedEvery is the precision of LastUsedAt. A service that asks for a token with each of
// its requests must not cause a write with each.
const usedEvery = time.Minute

// UsedLately reports whether a use at this time is not stored, because c was used a moment
// before.
func (c Client) UsedLately(at time.Time) bool {
	return c.LastUsedAt != nil && c.LastUsedAt.After(at.Add(-usedEvery))
}

// ClientUse is a use of a client by somebody who has presented its secret.
type ClientUse struct {
	ID         string
	SecretHash string // of the presented secret, which is the current or the old one
	At         time.Time
}

const withSecret = ` id = ? AND (secret = ? OR "oldSecret" = ? AND "oldSecretEndsAt" > ?)`

// UseClient stores that a client was used. It returns ErrNoClient when no client has the
// secret: it may have been deleted or rotated after the secret was checked, and then no
// token may be issued. Within a minute of the last use it writes nothing and returns false.
func (tx *Tx) UseClient(use ClientUse) (noted bool, err error) { return tx.useClient(use, "") }

// RequireClient is UseClient for a transaction that writes anyway. Until the commit nobody can
// change or delete the client.
func (tx *Tx) RequireClient(use ClientUse) error {
	_, err := tx.useClient(use, tx.dialect.HoldSQL)
	return err
}

func (tx *Tx) useClient(use ClientUse, hold string) (noted bool, err error) {
	n, err := tx.exec(`UPDATE client SET "lastUsedAt" = ? WHERE ("lastUsedAt" IS NULL OR "lastUsedAt" <= ?) AND`+withSecret,
		use.At, use.At.Add(-usedEvery), use.ID, use.SecretHash, use.SecretHash, use.At)
	if err != nil || n > 0 {
		return n > 0, err
	}
	var id string
	err = tx.one([]any{&id}, `SELECT id FROM client WHERE`+withSecret+hold, use.ID, use.SecretHash, use.SecretHash, use.At)
	if errors.Is(err, ErrNotFound) {
		return false, ErrNoClient
	}
	return false, err
}
