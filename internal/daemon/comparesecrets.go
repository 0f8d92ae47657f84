package daemon

import (
	"context"
	"slices"
	"time"

	"vestibule/internal/jose"
	"vestibule/internal/secrets"
	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// CompareSecrets returns what a process with these settings would say of its secrets, and
// what the running ones say. Its error is that of a start which leaves out a step of a
// change. It changes nothing. The secret file must have been read.
func CompareSecrets(ctx context.Context, c *settings.Settings, hasBFF bool, st *store.Store) (mine db.Instance, running []db.Instance, err error) {
	if hasBFF || c.API.Algorithm == jose.HS256 { // an API with public keys uses no secret
		if mine, err = secrets.Held(c.Secret, c.PreviousSecrets()); err != nil {
			return mine, nil, err
		}
		if !hasBFF {
			mine.Signs = ""
		}
	}
	mine.Known = true
	if running, err = st.Instances(ctx, time.Now().UTC()); err != nil {
		return mine, nil, c.Database.Failure(err)
	}
	if !st.Shared() && hasBFF {
		// A BFF claims the sessions of the file at its start, and so waits until every other
		// one has ended.
		running = slices.DeleteFunc(running, func(i db.Instance) bool { return i.Signs != "" })
	}
	return mine, running, secretFailure(secrets.Compare(mine, running))
}
