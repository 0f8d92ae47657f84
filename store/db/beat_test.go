package db_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestibule/store"
	"vestibule/store/db"
)

func TestABeatWritesTheInstancesOwnRow(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			count := func(where string) int {
				t.Helper()
				return d.CountRows(t, `SELECT count(*) FROM instance WHERE `+where)
			}
			for _, instance := range []string{"ins_a", "ins_b", "ins_a"} {
				if err := d.Beat(t.Context(), instance, base().Add(time.Minute)); err != nil {
					t.Fatal(err)
				}
			}
			if got := count(`1 = 1`); got != 2 {
				t.Errorf("got %d rows, want one for each of 2 instances", got)
			}
			if err := d.Beat(t.Context(), "ins_long_gone", base().Add(-2*time.Hour)); err != nil {
				t.Fatal(err)
			}
			if err := d.EndBeat(t.Context(), "ins_a", base()); err != nil {
				t.Fatal(err)
			}
			if got := count(`id = 'ins_b'`); got != 1 || count(`1 = 1`) != 1 {
				t.Errorf("got %d rows, want that of ins_b alone", count(`1 = 1`))
			}
		})
	}
}

func TestABeatFailsLikeRequests(t *testing.T) {
	t.Parallel()
	for _, v := range variants()[:2] {
		for name, c := range map[string]struct {
			spoil string
			want  error
		}{
			"the schema was taken back":   {"", db.ErrBehind},
			"a table is gone":             {`DROP TABLE account`, nil},
			"the instance's table is too": {`DROP TABLE instance`, nil},
		} {
			t.Run(name+", "+v.Name, func(t *testing.T) {
				t.Parallel()
				d := migrated(t, v)
				beat(t, d)
				if c.spoil == "" {
					if err := open(t, d.URL).MigrateDown(t.Context()); err != nil {
						t.Fatal(err)
					}
				} else {
					d.Exec(t, c.spoil)
				}
				if err := d.Beat(t.Context(), "ins_test", base()); err == nil || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("got error %v, want %v", err, c.want)
				}
			})
		}
	}
}

// TestADamagedFileIsUnavailableAndFailsTheBeat overwrites all pages of the file except the
// first.
func TestADamagedFileIsUnavailableAndFailsTheBeat(t *testing.T) {
	t.Parallel()
	a := newAtPath(t)
	a.Exec(t, `PRAGMA wal_checkpoint(TRUNCATE)`)
	beat(t, a.database)
	f, err := os.OpenFile(a.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	garbage := []byte(strings.Repeat("\xa5", page))
	for at := int64(page); at+page <= info.Size(); at += page { // all except the first, so the file is still recognised as ours
		if _, err := f.WriteAt(garbage, at); err != nil {
			t.Fatal(err)
		}
	}
	// Do not close it before the end: that would release the locks of the store, which is
	// in this process.
	t.Cleanup(func() { _ = f.Close() })
	_, err = a.CreateTask(t.Context(), newTask(a.user.ID))
	wantError(t, "create", err, db.ErrUnavailable)
	if err := a.Beat(t.Context(), "ins_test", base()); err == nil {
		t.Error("beat: got no error")
	}
}

// TestARequestsFailureIsRememberedForAWhile: a full disk can fail a large write while the
// beat's small row still fits.
func TestARequestsFailureIsRememberedForAWhile(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	beat(t, d)
	if _, err := d.Pools()["write"].Exec(`PRAGMA max_page_count = 1`); err != nil {
		t.Fatal(err)
	}
	u := newUser()
	u.Name = strings.Repeat("x", 200_000)
	err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.CreateUser(u, "hash") })
	wantError(t, "a write that needs pages", err, db.ErrUnavailable)
	if err := d.Beat(t.Context(), "ins_test", base()); !errors.Is(err, db.ErrUnavailable) || !strings.Contains(err.Error(), "full") {
		t.Errorf("got error %v, want the full disk that the write has met", err)
	}
}

// TestABeatWaitsForABusyPoolAFewTimes, not once for each table that it reads.
func TestABeatWaitsForABusyPoolAFewTimes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		d = openWithin(t, d.URL, time.Hour) // a busy machine makes the others hold it for long
		pool := d.Pools()["read"]
		pool.SetMaxOpenConns(1)
		before := pool.Stats().WaitCount
		var others sync.WaitGroup
		var taken atomic.Int64
		ctx, stop := context.WithCancel(t.Context())
		for range 4 {
			others.Go(func() {
				for ctx.Err() == nil {
					conn, err := pool.Conn(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					taken.Add(1)
					time.Sleep(time.Millisecond)
					_ = conn.Close()
				}
			})
		}
		err := d.Beat(t.Context(), "ins_x", base())
		stop()
		others.Wait()
		if err != nil {
			t.Error(err)
		}
		// Each of the others has waited for what it has taken, but for a few.
		if waits := pool.Stats().WaitCount - before - taken.Load(); waits > 5 {
			t.Errorf("the beat has waited %d times", waits)
		}
	})
}
