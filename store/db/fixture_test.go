package db_test

import (
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/db"
)

type (
	database = storetest.Database
	variant  = storetest.Variant
)

var (
	variants = storetest.Variants
	with     = storetest.With
	open     = storetest.Open
	migrated = storetest.Migrated

	base       = storetest.Base
	newUser    = storetest.NewUser
	newHash    = storetest.NewHash
	newSession = storetest.NewSession
	signedUp   = storetest.SignedUp
	exists     = storetest.SessionExists
	wantError  = storetest.WantError

	onBoth         = storetest.OnBoth
	newTask        = storetest.NewTask
	created        = storetest.Created
	listed         = storetest.Listed
	events         = storetest.Events
	event          = storetest.Event
	newOnce        = storetest.NewOnce
	newClient      = storetest.NewClient
	newKey         = storetest.NewKey
	manyTasks      = storetest.ManyTasks
	deleteRemains  = storetest.DeleteRemains
	migratedURL    = storetest.MigratedURL
	repeat         = storetest.Repeat
	served         = storetest.Served
	largest        = storetest.Largest
	rich           = storetest.Rich
	remaining      = storetest.Remaining
	many           = storetest.Many
	newProxy       = storetest.NewProxy
	selfSigned     = storetest.SelfSigned
	hearing        = storetest.Hearing
	host           = storetest.Host
	paged          = storetest.Paged
	orders         = storetest.Orders
	trail          = storetest.Trail
	useClient      = storetest.UseClient
	ending         = storetest.Ending
	signUp         = storetest.SignUp
	recordOf       = storetest.RecordOf
	requireSubject = storetest.RequireSubject
)

// impatient opens the database again with a short time limit, for calls that are expected
// to time out.
func impatient(t *testing.T, databaseURL string) *database {
	t.Helper()
	return openWithin(t, databaseURL, 2*time.Second)
}

// openWithin opens a store with another time limit for calls.
func openWithin(t *testing.T, databaseURL string, patience time.Duration) *database {
	t.Helper()
	s, err := db.OpenWithin(t.Context(), databaseURL, patience)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	d := storetest.On(store.New(s))
	d.URL, d.Direct = databaseURL, databaseURL
	return d
}

// locksHere are the locks in this database. pg_locks has those of the whole server, and copies
// of a template give their tables the same numbers.
const locksHere = `FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())`
