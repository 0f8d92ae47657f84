package db_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
