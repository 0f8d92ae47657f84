package bff

import (
	"context"
	"net/http"

	"vestibule/bff/token"
	"vestibule/store"
)

// jwks publishes the keys that verify our tokens (RFC 7517 §5), and none in
// HS256 mode, whose key is the secret.
func (s *Server) jwks(w http.ResponseWriter, r *http.Request) error {
	keys, err := s.tokens.JWKS(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(keys)
	return nil
}

// signingKeys is the jwks table as the token room sees it.
type signingKeys struct{ store *store.Store }

func (k signingKeys) Keys(ctx context.Context) ([]token.Key, error) {
	rows, err := k.store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]token.Key, len(rows))
	for i, row := range rows {
		keys[i] = token.Key(row)
	}
	return keys, nil
}

func (k signingKeys) AddKey(ctx context.Context, key token.Key) error {
	return k.store.Tx(ctx, "add key", func(tx *store.Tx) error {
		if err := tx.AddKey(store.Key(key)); err != nil {
			return err
		}
		return tx.Record(store.Event{At: key.CreatedAt, Type: store.EventKeyCreated, Actor: store.ActorSystem, Detail: key.Algorithm + " " + key.ID})
	})
}
