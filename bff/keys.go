package bff

import (
	"context"

	"vestibule/bff/token"
	"vestibule/store"
)

// openTokens reads the signing key, or makes it.
func (s *Server) openTokens(ctx context.Context) (*token.Minter, error) {
	return token.Open(ctx, token.Config{
		Algorithm:       s.cfg.JWTAlgorithm,
		Secret:          s.cfg.Secret,
		PreviousSecrets: s.cfg.PreviousSecrets,
		Issuer:          s.cfg.JWTIssuer,
		Audience:        s.cfg.JWTAudience,
		ExpiresIn:       s.cfg.JWTExpiresIn,
		Now:             s.now,
	}, signingKeys{s.store})
}

// signingKeys records each new key in the audit trail.
type signingKeys struct{ *store.Store }

func (k signingKeys) AddKey(ctx context.Context, key store.Key) error {
	return k.Tx(ctx, "add key", func(tx *store.Tx) error {
		if err := tx.AddKey(key); err != nil {
			return err
		}
		return tx.Record(store.Event{At: key.CreatedAt, Type: store.EventKeyCreated, Actor: store.ActorSystem, Detail: key.Algorithm + " " + key.ID})
	})
}
