package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Client is an internal service that gets tokens of its own.
type Client struct {
	ID         string   // svc_…
	Name       string   // unique, for people
	SecretHash string   // lower-case hex SHA-256 of the secret, which is never stored
	Scopes     []string // what its tokens may say
	Audiences  []string // whom tokens that it trades may be for; none: the API's own
	CreatedAt  time.Time
	RotatedAt  *time.Time // when it last got another secret
	LastUsedAt *time.Time // to the minute

	// The secret before the last rotation, as long as that is good too.
	OldSecretHash   string
	OldSecretEndsAt *time.Time
}

const clientColumns = `c.id, c.name, c.secret, c.scopes, c.audiences, c."createdAt", c."rotatedAt", c."lastUsedAt",
	COALESCE(c."oldSecret", ''), c."oldSecretEndsAt"`

// list is the destination of words that a column holds separated by spaces.
type list struct{ to *[]string }

// Scan implements sql.Scanner.
func (l list) Scan(value any) error {
	text, _ := value.(string)
	*l.to = strings.Fields(text)
	return nil
}

func (c *Client) fields() []any {
	return []any{&c.ID, &c.Name, &c.SecretHash, list{&c.Scopes}, list{&c.Audiences}, instant{&c.CreatedAt},
		nullInstant{&c.RotatedAt}, nullInstant{&c.LastUsedAt}, &c.OldSecretHash, nullInstant{&c.OldSecretEndsAt}}
}

// CreateClient adds a client. It returns ErrConflict when its name is taken.
// Scopes and audiences are words without spaces.
func (s *Store) CreateClient(ctx context.Context, c Client, also ...Also) error {
	return s.tx(ctx, "create client", func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, `INSERT INTO client (id, name, secret, scopes, audiences, "createdAt") VALUES (?, ?, ?, ?, ?, ?)`,
			c.ID, c.Name, c.SecretHash, strings.Join(c.Scopes, " "), strings.Join(c.Audiences, " "), c.CreatedAt)
		if err != nil {
			return err
		}
		return writeAlso(ctx, q, also, Event{ClientID: c.ID})
	})
}

// Clients returns all clients, by name.
func (s *Store) Clients(ctx context.Context) ([]Client, error) {
	var found []Client
	err := s.call(ctx, "clients", func(ctx context.Context) error {
		found = nil
		var c Client
		return querier{s.read}.each(ctx, c.fields(), func() { found = append(found, c) },
			`SELECT `+clientColumns+` FROM client c`)
	})
	// Not by the database, whose order of text depends on its locale.
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
	err = s.call(ctx, what, func(ctx context.Context) error {
		return querier{s.read}.one(ctx, c.fields(), `SELECT `+clientColumns+` FROM client c WHERE `+condition, arg)
	})
	if err != nil {
		return Client{}, err
	}
	return c, nil
}

// RotateClient gives a client another secret and records e. The one that it had
// stays good until keepOld, or ends with this where that is nil; one from before
// that ends in any case. It returns ErrNotFound when there is no such client.
func (s *Store) RotateClient(ctx context.Context, id, secretHash string, keepOld *time.Time, now time.Time, e Event) error {
	return s.changeClient(ctx, "rotate client", id, e,
		`UPDATE client SET "oldSecret" = CASE WHEN ? THEN secret END, "oldSecretEndsAt" = ?, secret = ?, "rotatedAt" = ? WHERE id = ?`,
		keepOld != nil, keepOld, secretHash, now, id)
}

// DeleteClient deletes a client and records e. It returns ErrNotFound when there
// is no such client.
func (s *Store) DeleteClient(ctx context.Context, id string, e Event) error {
	return s.changeClient(ctx, "delete client", id, e, `DELETE FROM client WHERE id = ?`, id)
}

func (s *Store) changeClient(ctx context.Context, what, id string, e Event, query string, args ...any) error {
	return s.tx(ctx, what, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, query, args...)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		e.ClientID = id
		return record(ctx, q, e)
	})
}

// usedEvery is how exactly it is kept when a client was last used: a service that
// asks for a token with each of its requests must not write with each.
const usedEvery = time.Minute

// UseClient notes that a client was used. Within a minute of the last use, and
// for a client that has been deleted meanwhile, it does nothing, and what comes
// with it is not written either.
func (s *Store) UseClient(ctx context.Context, id string, now time.Time, also ...Also) error {
	return s.tx(ctx, "use client", func(ctx context.Context, q querier) error {
		n, err := useClient(ctx, q, id, now)
		if err != nil || n == 0 {
			return err
		}
		return writeAlso(ctx, q, also, Event{ClientID: id})
	})
}

// ClientUsed is UseClient in the transaction of something else.
func ClientUsed(id string, now time.Time) Also {
	return func(ctx context.Context, q querier, _ Event) error {
		_, err := useClient(ctx, q, id, now)
		return err
	}
}

func useClient(ctx context.Context, q querier, id string, now time.Time) (int64, error) {
	return q.exec(ctx, `UPDATE client SET "lastUsedAt" = ? WHERE id = ? AND ("lastUsedAt" IS NULL OR "lastUsedAt" <= ?)`,
		now, id, now.Add(-usedEvery))
}
