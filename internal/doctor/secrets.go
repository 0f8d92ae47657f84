package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestibule/bff/token"
	"vestibule/internal/daemon"
	"vestibule/internal/jose"
	"vestibule/store"
)

// secret checks the secret, and compares it with those of the running processes.
func (in *Installation) secret(ctx context.Context) []Result {
	switch {
	case in.secretErr != nil:
		return failed("BETTER_AUTH_SECRET", in.secretErr)
	case in.secretMissing():
		return ok("there is none yet; the first start creates %s", in.Settings.SecretFile)
	}
	return in.needsSchema(in.compareSecrets)(ctx)
}

// compareSecrets finds a step of a change that was left out, as a start does.
func (in *Installation) compareSecrets(ctx context.Context, st *store.Store) []Result {
	_, running, err := daemon.CompareSecrets(ctx, in.Settings, in.hasBFF(), st)
	if err != nil {
		return in.refusedOr(ctx, st, err, failed("BETTER_AUTH_SECRET", err))
	}
	if len(running) == 0 {
		return ok("no running process has others")
	}
	return ok("they fit to those of %s", Counted(len(running), "running process"))
}

// secretMissing reports whether a start would create the secret.
func (in *Installation) secretMissing() bool {
	return in.Settings.Secret == nil && in.Settings.SecretFile != ""
}

// lateAfter is when the next key should have been made. Instances look every few seconds.
const lateAfter = time.Hour

// keys checks that the signing keys can be used, and that they replace each other.
func (in *Installation) keys(ctx context.Context, st *store.Store) []Result {
	if in.secretErr != nil || in.secretMissing() {
		return nil // the check of the secrets has said it
	}
	rows, err := st.Keys(ctx)
	if err != nil {
		return in.refused(ctx, st, err)
	}
	running, err := st.Instances(ctx, time.Now().UTC())
	if err != nil {
		return in.refused(ctx, st, err)
	}
	c := token.Config{
		Algorithm: in.Settings.BFF.JWTAlgorithm, Secret: in.Settings.Secret, PreviousSecrets: in.Settings.PreviousSecrets(),
		Rotation: in.Settings.BFF.JWTKeyRotation, Now: time.Now,
	}
	list := c.Inspect(rows)
	found := unusable(list, c.Algorithm)
	var sealed []string
	for _, k := range list {
		if k.Previous {
			sealed = append(sealed, k.ID)
		}
	}
	if len(sealed) > 0 {
		found = append(found, warning("BETTER_AUTH_SECRET_PREVIOUS", "is still needed: it encrypts the signing keys "+strings.Join(sealed, ", "),
			"keep it until all processes have the present BETTER_AUTH_SECRET; then a running BFF encrypts these keys again within seconds")...)
	}
	if due, scheduled := c.Due(rows); scheduled && len(running) > 0 && time.Since(due) > lateAfter {
		found = append(found, warning("JWT_KEY_ROTATION", "asks for a new key since "+clock(due)+", and no running process has made one",
			"give all processes the same value, and look for errors about signing keys in the log of the BFF")...)
	}
	return orElse(found, "%s", schedule(list, c, rows))
}

// unusable reports the keys that cannot be used. A start refuses only those that sign.
func unusable(list []token.Inspection, algorithm string) (found []Result) {
	for _, k := range list {
		signs := k.Algorithm == algorithm && (k.State == token.Signs || k.State == token.Next)
		retire := "; or end the key with vestibule keys retire " + k.ID + " --now"
		switch {
		case k.Err == nil || k.State == token.Ended:
		case errors.Is(k.Err, token.ErrSecretDiffers) && signs:
			found = append(found, failure("BETTER_AUTH_SECRET", "is not the one that encrypted the signing key "+k.ID, "use the old secret again, or set it as BETTER_AUTH_SECRET_PREVIOUS"+retire)...)
		case errors.Is(k.Err, token.ErrSecretDiffers):
			found = append(found, warning("BETTER_AUTH_SECRET", "is not the one that encrypted the key "+k.ID+", which does not sign at the moment", "set the old secret as BETTER_AUTH_SECRET_PREVIOUS"+retire)...)
		default:
			found = append(found, failure("DATABASE_URL", "has a damaged signing key ("+k.Err.Error()+")", "restore the row of the table jwks from a backup"+retire)...)
		}
	}
	return found
}

// schedule says which key signs, and what is next.
func schedule(list []token.Inspection, c token.Config, rows []token.Key) string {
	if c.Algorithm == jose.HS256 {
		return "BETTER_AUTH_SECRET signs (HS256)"
	}
	own := slices.DeleteFunc(list, func(k token.Inspection) bool { return k.Algorithm != c.Algorithm })
	at := func(s token.State) int {
		return slices.IndexFunc(own, func(k token.Inspection) bool { return k.State == s })
	}
	signs := at(token.Signs)
	if signs < 0 {
		return "there is no key for " + c.Algorithm + " yet; the first start makes one"
	}
	text := fmt.Sprintf("%s signs (%s) since %s", own[signs].ID, c.Algorithm, clock(own[signs].Starts))
	if next := at(token.Next); next >= 0 {
		return text + "; " + own[next].ID + " signs from " + clock(own[next].Starts)
	}
	if due, scheduled := c.Due(rows); scheduled {
		return text + "; the next key is due at " + clock(due)
	}
	return text + "; the next key is made by vestibule keys rotate only"
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
