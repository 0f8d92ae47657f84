package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func counterReadCase(t *testing.T, d *database) {
	a, b, none := newHash(), newHash(), newHash()
	want := store.Counter{Count: 3, Strikes: 1, WindowEnd: kept(time.Minute), BlockedUntil: kept(time.Hour), ExpiresAt: kept(2 * time.Hour)}
	if err := d.Count(t.Context(), []string{b, a}, func(c []store.Counter) { c[0], c[1] = want, want; c[0].Count = 4 }); err != nil {
		t.Fatal(err)
	}
	got, err := d.Counters(t.Context(), []string{a, none, b})
	if err != nil {
		t.Fatal(err)
	}
	other := want
	other.Count = 4
	if diff := cmp.Diff([]store.Counter{want, {}, other}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM throttle WHERE key = ?`, none); n != 0 {
		t.Error("a read has made a row")
	}
}
