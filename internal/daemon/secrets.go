package daemon

import (
	"context"
	"fmt"
	"time"

	"vestibule/internal/jose"
	"vestibule/internal/secrets"
	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// holdSecrets refuses a start with secrets that do not fit to those of the running
// instances. Otherwise the heartbeat will say which secrets this process has.
func holdSecrets(ctx context.Context, c *settings.Settings, at *listeners, st *store.Store) error {
	var mine db.Instance
	if at.bff != nil || c.API.Algorithm == jose.HS256 { // an API with public keys uses no secret
		var err error
		if mine, err = secrets.Held(c.Secret, c.PreviousSecrets()); err != nil {
			return err
		}
		if at.bff == nil {
			mine.Signs = ""
		}
	}
	mine.Known = true
	running, err := st.Instances(ctx, time.Now().UTC())
	if err != nil {
		return c.Database.Failure(err)
	}
	st.HoldSecrets(mine)
	return secretFailure(secrets.Compare(mine, running))
}

// The texts for an operator who has left out a step.
func secretFailure(m secrets.Misfits) error {
	refuse := func(problem, cure string) error {
		return settings.Failure{Fault: settings.Fault{Setting: "BETTER_AUTH_SECRET", Problem: problem, Cure: cure + ". A process that was killed counts for a minute"}}
	}
	switch {
	case m.Refuse > 0:
		return refuse(fmt.Sprintf("is unknown to %d of the running processes on this database, so they would refuse what it signs", m.Refuse),
			"first restart all of them with their secret as BETTER_AUTH_SECRET and the new one as BETTER_AUTH_SECRET_PREVIOUS, or stop them all")
	case m.Differ > 0:
		return refuse(fmt.Sprintf("and BETTER_AUTH_SECRET_PREVIOUS are not the secret with which %d of the running processes on this database sign", m.Differ),
			"set BETTER_AUTH_SECRET_PREVIOUS to that secret until all of them sign with the new one, or stop them all")
	}
	return nil
}
