package bff

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vestibule/bff/token"
	"vestibule/internal/secrets"
	"vestibule/store"
)

// openTokens reads the signing key, or makes it.
func (s *Server) openTokens(ctx context.Context, r prometheus.Registerer) (*token.Minter, error) {
	return token.Open(ctx, token.Config{
		Algorithm:       s.cfg.JWTAlgorithm,
		Secret:          s.cfg.Secret,
		PreviousSecrets: s.cfg.PreviousSecrets,
		Issuer:          s.cfg.JWTIssuer,
		Audience:        s.cfg.JWTAudience,
		Type:            s.cfg.JWTType,
		ExpiresIn:       s.cfg.JWTExpiresIn,
		Rotation:        max(s.cfg.JWTKeyRotation, 0),
		Now:             s.now,
		Metrics:         r,
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
	for before := keysCurrent; ; {
		err := s.maintainKeys(ctx)
		if ctx.Err() != nil {
			return
		}
		now, why := s.keyState(err)
		if now != before { // once, and not every few seconds
			s.logKeyState(now, why)
		}
		before = now
		select {
		case <-ctx.Done():
			return
		case <-time.After(token.MaintainEvery - rand.N(token.MaintainEvery/4)): // #nosec G404 -- no secret: it separates instances
		}
	}
}

// keyState is what the log says of the signing keys.
type keyState int

const (
	keysCurrent   keyState = iota
	keysLate               // they could not be read or changed
	nextUnusable           // a key that comes later
	signsUnusable          // the key whose turn it is
)

// keyState returns the state after a round of maintain with this result, and the reason.
func (s *Server) keyState(result error) (keyState, error) {
	if err := s.tokens.Usable(); err != nil {
		return signsUnusable, err
	}
	if err := s.tokens.AllUsable(); err != nil {
		return nextUnusable, err
	}
	if result != nil {
		return keysLate, result
	}
	return keysCurrent, nil
}

func (s *Server) logKeyState(state keyState, why error) {
	const cure = "set BETTER_AUTH_SECRET_PREVIOUS to the secret of the process that has made the key, or end the key with vestibule keys retire --now"
	switch state {
	case signsUnusable:
		s.log.Error("the signing key cannot be used: /readyz and /healthz fail, and tokens are signed with an earlier key",
			"setting", "BETTER_AUTH_SECRET", "error", why.Error(), "cure", cure)
	case nextUnusable:
		s.log.Warn("the next signing key cannot be used: /healthz fails, and /readyz too when its turn comes",
			"setting", "BETTER_AUTH_SECRET", "error", why.Error(), "cure", cure)
	case keysLate:
		s.log.Warn("signing keys are not up to date; tokens are signed with the known ones", "error", why.Error())
	case keysCurrent:
		s.log.Info("signing keys are up to date again")
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
