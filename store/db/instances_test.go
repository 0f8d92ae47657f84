package db_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/internal/waittest"
	"vestibule/store/db"
)

func TestBeatsSayWhichSecretsAProcessHas(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			is := func(now time.Time, want ...db.Instance) {
				t.Helper()
				got, err := d.Instances(t.Context(), now)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			beat := func(id string) {
				t.Helper()
				if err := d.Beat(t.Context(), id, base()); err != nil {
					t.Fatal(err)
				}
			}
			is(base())
			beat("ins_a") // as an earlier version does
			is(base(), db.Instance{Accepts: []string{}})
			for _, said := range []db.Instance{
				{Accepts: []string{"one", "two"}, Signs: "one", Known: true},
				{Accepts: []string{}, Known: true},
			} {
				d.HoldSecrets(said)
				beat("ins_a")
				is(base(), said)
			}
			is(base().Add(59*time.Second), db.Instance{Accepts: []string{}, Known: true})
			is(base().Add(time.Minute)) // it has died
		})
	}
}

func TestAProcessThatDoesNotFitLeavesNoRow(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			mine := db.Instance{Accepts: []string{"one"}, Signs: "one", Known: true}
			misfit := errors.New("it does not fit")
			for _, refused := range []error{misfit, nil} {
				err := d.Join(t.Context(), "ins_a", mine, base(), func(others []db.Instance) error {
					if len(others) != 0 {
						t.Errorf("got other processes %v, want none", others)
					}
					return refused
				})
				if !errors.Is(err, refused) || (err == nil) != (refused == nil) {
					t.Errorf("got error %v, want %v", err, refused)
				}
				got, err := d.Instances(t.Context(), base())
				if want := []db.Instance{mine}; err != nil || refused == nil && !cmp.Equal(got, want) || refused != nil && len(got) != 0 {
					t.Errorf("refused with %v: got %v, %v", refused, got, err)
				}
			}
		})
	}
}

// TestProcessesJoinOneAfterTheOther: the second one waits for the first, and sees its row.
func TestProcessesJoinOneAfterTheOther(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := migrated(t, v)
			join := func(id string, fits func([]db.Instance) error) <-chan error {
				process, joined := openWithin(t, d.URL, time.Hour), make(chan error, 1)
				go func() {
					joined <- process.Join(t.Context(), id, db.Instance{Known: true}, base(), fits)
				}()
				return joined
			}
			compares, release, saw := make(chan int, 1), make(chan struct{}), make(chan int, 1)
			first := join("ins_a", func(others []db.Instance) error {
				compares <- len(others)
				<-release
				return nil
			})
			if n := waittest.Receive(t, "the first compares", compares); n != 0 {
				t.Errorf("the first one sees %d rows, want none", n)
			}
			second := join("ins_b", func(others []db.Instance) error { saw <- len(others); return nil })
			if v.Name != "sqlite" { // SQLite has one writer at a time, so there all wait
				raw := d.Raw(t)
				waittest.Until(t, "the second one waits", func() bool {
					var n int
					if err := raw.Get(&n, `SELECT count(*) `+locksHere+` AND relation = 'instance'::regclass AND NOT granted`); err != nil {
						t.Fatal(err)
					}
					return n == 1 || len(saw) == 1
				})
				if err := d.Beat(t.Context(), "ins_a", base()); err != nil {
					t.Errorf("a beat meanwhile: got %v, want it not to wait", err)
				}
			}
			close(release)
			if n := waittest.Receive(t, "the second compares", saw); n != 1 {
				t.Errorf("the second one sees %d rows, want that of the first one", n)
			}
			for _, joined := range []<-chan error{first, second} {
				if err := waittest.Receive(t, "joined", joined); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
