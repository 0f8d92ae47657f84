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
	"vestibule/bff/oauth"
	"vestibule/bff/token"
	"vestibule/internal/jose"
	"vestibule/internal/settings"
	"vestibule/store"
)

const (
	// A token for the script of an operator may be valid longer than tokens of the BFF,
	// but at most one day, because it cannot be revoked.
	shortestMinted = time.Second
	longestMinted  = token.LongestLife
)

// tokenRequest holds the options of vestibule token.
type tokenRequest struct {
	subject   string        // a user by address or id, or a service by id
	scope     *string       // nil: no scope claim
	expiresIn time.Duration // 0: JWT_EXPIRES_IN
}

// mintToken mints a token for a user or a service as the BFF does, and prints it.
func mintToken(ctx context.Context, p *program, c *settings.Settings) error {
	req, err := p.tokenRequest()
	if err != nil {
		return err
	}
	if err := needSecret(c); err != nil {
		return err
	}
	c.BFF.JWTExpiresIn = cmp.Or(req.expiresIn, c.BFF.JWTExpiresIn)
	return p.withData(ctx, c, func(db *store.Store) error {
		subject, err := tokenSubject(ctx, db, req.subject)
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
		// Record the event before the token is printed, so that no token lacks its event.
		if err := db.Record(ctx, e); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(p.stdout, t.Raw); err != nil {
			return refusal("the token cannot be written (" + settings.OneLine(err.Error()) + ")")
		}
		return nil
	})
}

// tokenRequest reads the options of vestibule token.
func (p *program) tokenRequest() (req tokenRequest, err error) {
	o := p.given.options
	if req.subject = o["sub"]; req.subject == "" {
		return req, usageError("token lacks --sub: name a user by address or id, or a service by its svc_ id" + seeHelp("token"))
	}
	if text, given := o["scope"]; given {
		scopes := words(text)
		for _, s := range scopes {
			if isMistaken(s) {
				return req, usageError("--scope has the unknown scope " + settings.Show(s) + "; use " + strings.Join(api.Scopes[:], " ") + ", or scopes of your own API")
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

// isMistaken says whether a word cannot be meant as a scope of a token: it has characters that no
// scope may have, it looks like a scope of the task API and is none, or it is the right of a
// client to exchange tokens.
func isMistaken(scope string) bool {
	ofTasks := strings.HasPrefix(scope, "tasks:") && !slices.Contains(api.Scopes[:], scope)
	return ofTasks || scope == oauth.ScopeTokenExchange || !jose.IsScope(scope)
}

// tokenSubject returns the id of the user or service that the token is for. It refuses
// unknown and disabled ones: the API would accept the token without a look-up.
func tokenSubject(ctx context.Context, db *store.Store, idOrEmail string) (string, error) {
	if strings.HasPrefix(idOrEmail, jose.ServicePrefix) {
		cl, err := findClient(ctx, db, idOrEmail)
		return cl.ID, err
	}
	u, err := findUser(ctx, db, idOrEmail)
	switch {
	case err != nil:
		return "", err
	case u.DisabledAt != nil:
		return "", refusal(u.Email + " is disabled; see vestibule user enable")
	}
	return u.ID, nil
}

// needSecret reads the secret of vestibule serve. It creates none.
func needSecret(c *settings.Settings) error {
	if err := c.ReadSecretFile(); err != nil {
		return err
	}
	if c.Secret == nil {
		return settings.Faults{{
			Setting: "BETTER_AUTH_SECRET", Problem: "is not set, and the file " + c.SecretFile + " does not exist",
			Cure: "use the secret or the DATABASE_URL of vestibule serve",
		}}
	}
	return nil
}

func tokenConfig(c *settings.Settings) token.Config {
	return token.Config{
		Algorithm: c.BFF.JWTAlgorithm, Secret: c.Secret, PreviousSecrets: c.PreviousSecrets(),
		Issuer: c.BFF.JWTIssuer, Audience: c.BFF.JWTAudience, Type: c.BFF.JWTType, ExpiresIn: c.BFF.JWTExpiresIn, Now: time.Now,
	}
}

// openMinter returns a minter with the keys of the BFF. It creates no signing key,
// because this command may have another configuration than the BFF.
func openMinter(ctx context.Context, c *settings.Settings, db *store.Store) (*token.Minter, error) {
	m, err := token.Open(ctx, tokenConfig(c), existingKeys{db})
	var refused refusal
	switch {
	case errors.Is(err, token.ErrSecretDiffers):
		return nil, refusal("BETTER_AUTH_SECRET is not the one that encrypted the signing keys in the database; use the secret of vestibule serve")
	case errors.As(err, &refused):
		return nil, refused
	}
	return m, err
}

// existingKeys reads the signing keys in the database. It refuses to add a key.
type existingKeys struct{ *store.Store }

func (k existingKeys) ChangeKeys(ctx context.Context, plan func([]store.Key) (store.KeyChange, error)) error {
	return k.Store.ChangeKeys(ctx, func(rows []store.Key) (store.KeyChange, error) {
		change, err := plan(rows)
		if err == nil && len(change.Add) > 0 {
			err = refusal("the database has no signing key for " + change.Add[0].Algorithm + " yet; start vestibule serve once with this JWT_ALGORITHM")
		}
		return change, err
	})
}
