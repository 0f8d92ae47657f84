package daemon

import (
	"context"
	"slices"
	"time"

	"vestibule/internal/secrets"
	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// CompareSecrets returns what a process with these settings would say of its secrets, and
// what the running ones say. Its error is that of a start which leaves out a step of a
// change. It changes nothing. The secret file must have been read.
func CompareSecrets(ctx context.Context, c *settings.Settings, hasBFF bool, st *store.Store) (mine db.Instance, running []db.Instance, err error) {
	at := &listeners{}
	if hasBFF {
		at.bff = &server{}
	}
	s, err := newSecretCheck(c, at, st, nil)
	if err != nil {
		return mine, nil, err
	}
	if running, err = st.Instances(ctx, time.Now().UTC()); err != nil {
		return s.mine, nil, c.Database.Failure(err)
	}
	if s.claimed {
		// A BFF claims the sessions of the file at its start, and so waits until every other
		// one has ended.
		running = slices.DeleteFunc(running, func(i db.Instance) bool { return i.Signs != "" })
	}
	if f, misfit := misfitFault(s.compare(running)); misfit {
		return s.mine, running, settings.Failure{Fault: f}
	}
	return s.mine, running, nil
}

// CheckAccepted returns the error of a start if a running process does not accept the secret
// of these settings, so that it could not decrypt a signing key which is made with it.
func CheckAccepted(ctx context.Context, c *settings.Settings, st *store.Store) error {
	mine, err := secrets.Held(c.Secret, nil)
	if err != nil {
		return err
	}
	running, err := st.Instances(ctx, time.Now().UTC())
	if err != nil {
		return c.Database.Failure(err)
	}
	if f, misfit := misfitFault(secrets.Misfits{Refuse: secrets.Compare(mine, running).Refuse}); misfit {
		return settings.Failure{Fault: f}
	}
	return nil
}
