package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestibule/api"
	"vestibule/bff/token"
	"vestibule/internal/jose"
	"vestibule/internal/settings"
	"vestibule/store"
)

const (
	// A token for an operator's script may outlive those of the BFF, not the
	// day: it cannot be recalled.
	shortestMinted = time.Second
	longestMinted  = 24 * time.Hour
)

// tokenRequest is what the options of vestibule token ask for.
type tokenRequest struct {
	who       string
	scope     *string       // nil: no scope claim
	expiresIn time.Duration // 0: as configured
}

// mintToken prints a token for a user or a service, made as the BFF makes them.
func mintToken(ctx context.Context, p *program, c *settings.Settings) error {
	req, err := p.tokenRequest()
	if err != nil {
		return err
	}
	if err := c.ReadSecretFile(); err != nil {
		return err
	}
	if c.Secret == nil {
		return settings.Faults{{
			Setting: "BETTER_AUTH_SECRET", Problem: "is not set, and there is none at " + c.SecretFile,
			Cure: "give the one that vestibule serve uses, or its DATABASE_URL",
		}}
	}
	c.BFF.JWTExpiresIn = cmp.Or(req.expiresIn, c.BFF.JWTExpiresIn)
	return p.withData(ctx, c, func(db *store.Store) error {
		subject, err := tokenSubject(ctx, db, req.who)
		if err != nil {
			return err
		}
		minter, err := openMinter(ctx, c, db)
		if err != nil {
			return err
		}
		t, err := minter.MintFor(subject, req.scope)
		if err != nil {
			return refusal(settings.OneLine(err.Error()))
		}
		scope := "without scope"
		if req.scope != nil {
			scope = "scope " + strconv.Quote(*req.scope)
		}
		e := operatorEvent(store.EventTokenMinted)
		if strings.HasPrefix(subject, jose.ServicePrefix) {
			e.ClientID = subject
		} else {
			e.UserID = subject
		}
		e.Detail = strings.TrimSuffix(scope+", until "+formatTime(t.Expires)+", "+e.Detail, ", ")
		// Recorded before it is shown: no token without its event.
		if err := db.Record(ctx, e); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(p.stdout, t.Raw); err != nil {
			return refusal("the token cannot be written (" + settings.OneLine(err.Error()) + ")")
		}
		return nil
	})
}

// tokenRequest reads the options.
func (p *program) tokenRequest() (req tokenRequest, err error) {
	o := p.given.options
	if req.who = o["sub"]; req.who == "" {
		return req, usageError("token lacks --sub: name a user by address or id, or a service by its svc_ id" + seeHelp("token"))
	}
	if text, given := o["scope"]; given {
		scopes := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
		for _, s := range scopes {
			if !slices.Contains(api.Scopes[:], s) {
				return req, usageError("--scope has the unknown scope " + settings.Show(s) + "; use " + strings.Join(api.Scopes[:], " "))
			}
		}
		scope := strings.Join(scopes, " ")
		req.scope = &scope
	}
	if text, given := o["expires-in"]; given {
		d, err := settings.ParseDuration(text, shortestMinted, longestMinted)
		if err != nil {
			return req, usageError("--expires-in=" + settings.Show(text) + " " + err.Error())
		}
		req.expiresIn = d
	}
	return req, nil
}

// tokenSubject finds whom a token is for. One for nobody, or for a user who may
// not sign in, is refused: the API would believe it without asking.
func tokenSubject(ctx context.Context, db *store.Store, who string) (string, error) {
	if strings.HasPrefix(who, jose.ServicePrefix) {
		cl, err := findClient(ctx, db, who)
		return cl.ID, err
	}
	u, err := findUser(ctx, db, who)
	switch {
	case err != nil:
		return "", err
	case u.DisabledAt != nil:
		return "", refusal(u.Email + " is disabled; see vestibule user enable")
	}
	return u.ID, nil
}

// openMinter mints as the BFF does. It makes no key: the BFF that would sign
// with it may have another configuration than this command.
func openMinter(ctx context.Context, c *settings.Settings, db *store.Store) (*token.Minter, error) {
	m, err := token.Open(ctx, token.Config{
		Algorithm: c.BFF.JWTAlgorithm, Secret: c.Secret, PreviousSecrets: c.PreviousSecrets(),
		Issuer: c.BFF.JWTIssuer, Audience: c.BFF.JWTAudience, ExpiresIn: c.BFF.JWTExpiresIn, Now: time.Now,
	}, existingKeys{db})
	var refused refusal
	switch {
	case errors.Is(err, token.ErrSecretDiffers):
		return nil, refusal("BETTER_AUTH_SECRET is not the one that encrypted the signing keys in the database; give the one that vestibule serve uses")
	case errors.As(err, &refused):
		return nil, refused
	}
	return m, err
}

// existingKeys are the signing keys of the database. It makes none.
type existingKeys struct{ store *store.Store }

func (k existingKeys) Keys(ctx context.Context) ([]token.Key, error) {
	rows, err := k.store.Keys(ctx)
	keys := make([]token.Key, len(rows))
	for i, row := range rows {
		keys[i] = token.Key(row)
	}
	return keys, err
}

func (existingKeys) AddKey(_ context.Context, key token.Key) error {
	return refusal("the database has no signing key for " + key.Algorithm + " yet; start vestibule serve once with this JWT_ALGORITHM")
}
