package store

import (
	"context"
	"time"
)

// A token verifies by itself, without a look-up. So a revoked one ends only for those who
// ask: introspection and the exchange.

// RevokedToken is a token that was revoked by the client to which it was given.
type RevokedToken struct {
	Digest    string // names the token: lower-case hex SHA-256 of what was signed
	ClientID  string
	ExpiresAt time.Time // when the row can be deleted: after the token has expired
}

// RevokeToken stores that a token was revoked. It returns false if it was revoked before,
// and ErrTooManyRevoked if the client has more than most of them. The revocations of a client
// wait for each other, so that each counts all earlier ones. RequireClient does not do that: its
// lock is shared.
func (tx *Tx) RevokeToken(t RevokedToken, most int, now time.Time) (added bool, err error) {
	kept := 0
	if err := tx.one([]any{&kept}, `SELECT count(*) FROM (SELECT CAST(? AS text) AS id) AS u`+tx.dialect.AloneSQL, t.ClientID); err != nil {
		return false, err
	}
	n, err := tx.exec(`INSERT INTO revoked (token, "clientId", "expiresAt") VALUES (?, ?, ?) ON CONFLICT (token) DO NOTHING`,
		t.Digest, t.ClientID, t.ExpiresAt)
	if err != nil || n == 0 {
		return false, err
	}
	err = tx.one([]any{&kept}, `SELECT count(*) FROM revoked WHERE "clientId" = ? AND "expiresAt" > ?`, t.ClientID, now)
	if err == nil && kept > most {
		err = ErrTooManyRevoked
	}
	return err == nil, err
}

const isRevokedSQL = `SELECT count(*) FROM revoked WHERE token = ?`

// TokenRevoked reports whether the token with this digest was revoked.
func (s *Store) TokenRevoked(ctx context.Context, digest string) (yes bool, err error) {
	var n int
	err = s.Call(ctx, "revoked token", func(ctx context.Context) error {
		return s.AccountRead().One(ctx, []any{&n}, isRevokedSQL, digest)
	})
	return n > 0, err
}

// RequireUnrevoked returns ErrTokenRevoked if the token with this digest was revoked.
func (tx *Tx) RequireUnrevoked(digest string) error {
	var n int
	err := tx.one([]any{&n}, isRevokedSQL, digest)
	if err == nil && n > 0 {
		return ErrTokenRevoked
	}
	return err
}

// DeleteExpiredRevocations forgets revoked tokens that have expired, and returns their number.
func (s *Store) DeleteExpiredRevocations(ctx context.Context, now time.Time) (int64, error) {
	return s.DeleteOld(ctx, "delete expired revocations", "revoked", "token", `"expiresAt"`, now)
}
