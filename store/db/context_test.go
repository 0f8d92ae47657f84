package db_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

func contextCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a cancelled context is context.Canceled":              cancelledCase,
		"a deadline that has passed is not an outage":          deadlineCase,
		"callers that leave never get or cause another's rows": leaveCase,
	}
}

// methods calls every method once, in a way that would succeed.
func methods(ctx context.Context, d *database, u store.User, session store.Session, task tasks.Task) map[string]func() error {
	ofClient := func(call func(store.Client) error) func() error {
		return func() error {
			c := newClient()
			if err := d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.CreateClient(c) }); err != nil {
				return err
			}
			return call(c)
		}
	}
	return map[string]func() error{
		"Ping":                func() error { return d.Ping(ctx) },
		"CheckMigrated":       func() error { return d.CheckMigrated(ctx) },
		"MigrationStatus":     func() error { _, err := d.MigrationStatus(ctx); return err },
		"MigrateUp":           func() error { return d.MigrateUp(ctx) },
		"CreateUser":          func() error { v := newUser(); return signUp(ctx, d, v, "hash", newSession(v.ID)) },
		"CredentialByEmail":   func() error { _, _, err := d.CredentialByEmail(ctx, u.Email); return err },
		"ReplacePasswordHash": func() error { return d.ReplacePasswordHash(ctx, u.ID, "x", "y", base()) },
		"StartSession": func() error {
			return d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.StartSession(newSession(u.ID)) })
		},
		"SessionByTokenHash": func() error { _, _, err := d.SessionByTokenHash(ctx, session.TokenHash); return err },
		"ExtendSession": func() error {
			_, err := d.ExtendSession(ctx, session.TokenHash, base(), base(), base())
			return err
		},
		"MarkCookieSent":        func() error { return d.MarkCookieSent(ctx, session.TokenHash, base()) },
		"EndSession":            func() error { return d.EndSession(ctx, newHash()) },
		"LiveSessions":          func() error { _, err := d.LiveSessions(ctx, []string{newHash()}, base()); return err },
		"DeleteExpiredSessions": func() error { _, err := d.DeleteExpiredSessions(ctx, time.Unix(0, 0)); return err },
		"ListTasks": func() error {
			for _, err := range d.ListTasks(ctx, u.ID, tasks.Query{}) {
				return err
			}
			return nil
		},
		"Task":       func() error { _, err := d.Task(ctx, u.ID, task.ID); return err },
		"CreateTask": func() error { _, err := d.CreateTask(ctx, newTask(u.ID)); return err },
		"UpdateTask": func() error {
			_, err := d.UpdateTask(ctx, u.ID, task.ID, tasks.Change{}, nil, base())
			return err
		},
		"ToggleTask": func() error { _, err := d.ToggleTask(ctx, u.ID, task.ID, nil, base()); return err },
		"DeleteTask": func() error {
			t, err := d.CreateTask(ctx, newTask(u.ID))
			if err != nil {
				return err
			}
			return d.DeleteTask(ctx, u.ID, t.ID, nil, base())
		},
		"TaskPage":  func() error { _, _, err := storetest.TaskPage(ctx, d, u.ID, tasks.Query{}, 1); return err },
		"FoldTasks": func() error { _, err := d.FoldTasks(ctx, 1, time.Second); return err },
		"CreateTaskOnce": func() error {
			_, _, err := d.CreateTaskOnce(ctx, newTask(u.ID), newOnce(newHash()))
			return err
		},
		"DeleteExpiredAnswers": func() error { _, err := d.DeleteExpiredAnswers(ctx, time.Unix(0, 0), 1); return err },
		"TaskEvents":           func() error { _, _, err := d.TaskEvents(ctx, u.ID, tasks.Place{}, 1); return err },
		"TaskFeed":             func() error { _, _, err := d.TaskFeed(ctx, u.ID); return err },
		"TaskFeeds":            func() error { _, err := d.TaskFeeds(ctx, []string{u.ID}); return err },
		"DeleteTaskEvents":     func() error { _, err := d.DeleteTaskEvents(ctx, time.Unix(0, 0), 1); return err },

		"DeleteRemains": func() error { _, err := d.DeleteRemains(ctx, "usr_nobody"); return err },
		"TrimSessions":  func() error { return d.TrimSessions(ctx, 1e6, event("x")) },

		"Keys": func() error { _, err := d.Keys(ctx); return err },
		"ChangeKeys": func() error {
			return d.ChangeKeys(ctx, func([]store.Key) (store.KeyChange, error) { return store.KeyChange{}, nil })
		},
		"AddKey": func() error { return d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.AddKey(newKey("key_")) }) },

		"Record":       func() error { return d.Record(ctx, event("x")) },
		"Events":       func() error { _, err := d.Events(ctx, store.EventFilter{}, 1); return err },
		"DeleteEvents": func() error { _, err := d.DeleteEvents(ctx, time.Unix(0, 0), 1); return err },
		"SessionsOf":   func() error { _, err := d.SessionsOf(ctx, u.ID, base()); return err },
		"RevokeSessions": func() error {
			_, err := ending(ctx, d, func(tx *store.Tx) error { return tx.RevokeSessions("usr_nobody", "", event("x")) })
			return err
		},
		"AccountsOf":   func() error { _, err := d.AccountsOf(ctx, u.ID); return err },
		"PasswordHash": func() error { _, err := d.PasswordHash(ctx, u.ID); return err },
		"UserByID":     func() error { _, err := d.UserByID(ctx, u.ID); return err },
		"UserByEmail":  func() error { _, err := d.UserByEmail(ctx, u.Email); return err },
		"Users":        func() error { _, err := d.Users(ctx, store.UserFilter{}, "", 1); return err },
		"UpdateUser": func() error {
			return d.Tx(ctx, "test", func(tx *store.Tx) error {
				return recordOf(tx, u.ID, event("x"), tx.UpdateUser(u.ID, store.UserChange{}, base()))
			})
		},
		"EnableUser": func() error {
			return d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.EnableUser(u.ID, event("x")) })
		},
		"CreateSignedOutUser": func() error {
			return d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.CreateUser(newUser(), "hash") })
		},
		"QueueMail": func() error {
			return d.Tx(ctx, "test", func(tx *store.Tx) error {
				return tx.QueueMail(store.Mail{Kind: "x", CreatedAt: base(), DueAt: base().Add(1e6 * time.Hour)})
			})
		},
		"DeleteMail":                 func() error { return d.DeleteMail(ctx, "mail_x") },
		"AddressFree":                func() error { _, err := d.AddressFree(ctx, "free@example.com", base()); return err },
		"DeleteExpiredVerifications": func() error { _, err := d.DeleteExpiredVerifications(ctx, time.Unix(0, 0)); return err },
		"CreateClient": func() error {
			return d.Tx(ctx, "test", func(tx *store.Tx) error { return tx.CreateClient(newClient()) })
		},
		"Clients": func() error { _, err := d.Clients(ctx); return err },
		"UseClient": ofClient(func(c store.Client) error {
			return useClient(ctx, d, store.ClientUse{ID: c.ID, SecretHash: c.SecretHash, At: base()}, event("x"))
		}),
		"ClientByID":   ofClient(func(c store.Client) error { _, err := d.ClientByID(ctx, c.ID); return err }),
		"ClientByName": ofClient(func(c store.Client) error { _, err := d.ClientByName(ctx, c.Name); return err }),
		"RotateClient": ofClient(func(c store.Client) error {
			return d.Tx(ctx, "test", func(tx *store.Tx) error {
				return recordOf(tx, c.ID, event("x"), tx.RotateClient(c.ID, newHash(), nil, base()))
			})
		}),
		"DeleteClient": ofClient(func(c store.Client) error {
			return d.Tx(ctx, "test", func(tx *store.Tx) error { return recordOf(tx, c.ID, event("x"), tx.DeleteClient(c.ID)) })
		}),
		"Count":                 func() error { return d.Count(ctx, []string{newHash()}, func([]store.Counter) {}) },
		"Counters":              func() error { _, err := d.Counters(ctx, []string{newHash()}); return err },
		"DeleteExpiredCounters": func() error { _, err := d.DeleteExpiredCounters(ctx, time.Unix(0, 0)); return err },
	}
}

func cancelledCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	for name, call := range methods(t.Context(), d, u, session, task) {
		if err := call(); err != nil {
			t.Errorf("%s: got error %v, want none", name, err)
		}
	}
	plain, cancel := context.WithCancel(t.Context())
	cancel()
	withCause, cancelCause := context.WithCancelCause(t.Context())
	cancelCause(errors.New("the client has left"))
	for _, ctx := range []context.Context{plain, withCause} {
		for name, call := range methods(ctx, d, u, session, task) {
			err := call()
			wantError(t, name, err, context.Canceled)
			if errors.Is(err, db.ErrUnavailable) {
				t.Errorf("%s: got error %v, which is also %v", name, err, db.ErrUnavailable)
			}
		}
	}
}

func deadlineCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	task := created(t, d, newTask(u.ID))
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for name, call := range methods(ctx, d, u, session, task) {
		err := call()
		wantError(t, name, err, context.DeadlineExceeded)
		if errors.Is(err, db.ErrUnavailable) {
			t.Errorf("%s: got error %v, which is also %v", name, err, db.ErrUnavailable)
		}
	}
}

// leaveCase has many callers cancel at any moment, and checks what the others get.
func leaveCase(t *testing.T, d *database) {
	const callers, rounds = 8, 25
	// All that is written comes first: PgBouncer 1.18, which is Debian's, may
	// end when queries are cancelled beside other transactions
	// (pgbouncer/pgbouncer#822).
	var call []func()
	for range callers {
		u, session := signedUp(t, d)
		mine := map[int64]bool{}
		for range 5 {
			mine[created(t, d, newTask(u.ID)).ID] = true
		}
		call = append(call, func() {
			for range rounds {
				ctx, cancel := context.WithCancel(t.Context())
				leaving := rand.N(2) == 0
				if leaving {
					time.AfterFunc(rand.N(2*time.Millisecond), cancel)
				}
				got, owner, err := d.SessionByTokenHash(ctx, session.TokenHash)
				if err == nil && (got.ID != session.ID || owner.ID != u.ID) {
					t.Errorf("got session %s of %s, want %s of %s", got.ID, owner.ID, session.ID, u.ID)
				}
				var n int
				for task, e := range d.ListTasks(ctx, u.ID, tasks.Query{}) {
					if err = errors.Join(err, e); e == nil && (task.UserID != u.ID || !mine[task.ID]) {
						t.Errorf("got task %d of %s, want those of %s", task.ID, task.UserID, u.ID)
					}
					n++
				}
				cancel()
				if err == nil && n != len(mine) {
					t.Errorf("got %d tasks, want %d", n, len(mine))
				}
				if err != nil && (!leaving || !errors.Is(err, context.Canceled)) {
					t.Errorf("cancelled: %t, got error %v", leaving, err)
				}
			}
		})
	}
	var wg sync.WaitGroup
	for _, f := range call {
		wg.Go(f)
	}
	wg.Wait()
}
