package bff

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"vestibule/bff/token"
	"vestibule/internal/secrets"
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
		Rotation:        max(s.cfg.JWTKeyRotation, 0),
		Now:             s.now,
	}, signingKeys{s.store})
}

// signingKeys is the key table of the program, whose changes nobody has asked for.
type signingKeys struct{ *store.Store }

func (k signingKeys) ChangeKeys(ctx context.Context, plan func([]store.Key) (store.KeyChange, error)) error {
	return k.Store.ChangeKeys(ctx, func(rows []store.Key) (store.KeyChange, error) {
		change, err := plan(rows)
		for i := range change.Events {
			change.Events[i].Actor = store.ActorSystem
		}
		return change, err
	})
}

// maintain keeps the signing keys on their schedule until ctx ends, and looks at the secrets
// of the running instances.
func (s *Server) maintain(ctx context.Context) {
	for failed := false; ; {
		err := s.maintainKeys(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failed: // once, and not every few seconds
			s.log.LogAttrs(ctx, slog.LevelWarn, "signing keys are not up to date; tokens are signed with the known ones", slog.String("error", err.Error()))
		case err == nil && failed:
			s.log.Info("signing keys are up to date again")
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-time.After(token.MaintainEvery - rand.N(token.MaintainEvery/4)): // #nosec G404 -- no secret: it separates instances
		}
	}
}

// maintainKeys does one round of maintain.
func (s *Server) maintainKeys(ctx context.Context) error {
	running, err := s.store.Instances(ctx, s.now().UTC())
	if err != nil {
		return err
	}
	s.strangeSecret.Store(secrets.Strange(s.secrets, running))
	// Instances with the secrets of different steps would encrypt the keys by turns.
	return s.tokens.Maintain(ctx, secrets.AllSign(s.secrets, running))
}
