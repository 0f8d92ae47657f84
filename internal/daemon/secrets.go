package daemon

import (
	"context"
	"fmt"

	"vestibule/internal/secrets"
	"vestibule/internal/settings"
	"vestibule/store"
)

// holdSecrets refuses a start with secrets that do not fit to those of the running
// instances. Otherwise the heartbeat will say which secrets this process has.
func holdSecrets(ctx context.Context, c *settings.Settings, at *listeners, st *store.Store) error {
	mine, _, err := CompareSecrets(ctx, c, at.bff != nil, st)
	if err != nil {
		return err
	}
	st.HoldSecrets(mine)
	return nil
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
