package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func eventsCase(t *testing.T, d *database) {
	user := "usr_" + newHash()[:20]
	full := store.Event{
		At: base(), Type: "x", Actor: store.ActorUser, UserID: user, SessionID: "ses_1", Email: "a@example.com",
		IPAddress: "2001:db8::1", UserAgent: "curl/8", RequestID: "r-" + user, Detail: "what happened",
	}
	bare := store.Event{At: base().Add(time.Hour), Type: "y", Actor: store.ActorSystem, UserID: user}
	for _, e := range []store.Event{full, bare} {
		if err := d.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	all, err := d.Events(t.Context(), store.EventFilter{UserID: user}, 10)
	if err != nil || len(all) != 2 {
		t.Fatalf("got %v, %v; want two", all, err)
	}
	full.At, bare.At = kept(0), kept(time.Hour)
	full.ID, bare.ID = all[1].ID, all[0].ID
	if diff := cmp.Diff([]store.Event{bare, full}, all); diff != "" || bare.ID <= full.ID {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, tt := range map[string]struct {
		filter store.EventFilter
		want   int
	}{
		"type":            {store.EventFilter{UserID: user, Type: "x"}, 1},
		"address":         {store.EventFilter{UserID: user, Email: "a@example.com"}, 1},
		"session":         {store.EventFilter{UserID: user, SessionID: "ses_1"}, 1},
		"client":          {store.EventFilter{UserID: user, IPAddress: "2001:db8::1"}, 1},
		"request":         {store.EventFilter{RequestID: "r-" + user}, 1},
		"since":           {store.EventFilter{UserID: user, Since: kept(time.Hour)}, 1},
		"until":           {store.EventFilter{UserID: user, Until: kept(time.Hour)}, 1},
		"the next page":   {store.EventFilter{UserID: user, Before: bare.ID}, 1},
		"all together":    {store.EventFilter{UserID: user, Type: "x", Email: "b@example.com"}, 0},
		"somebody else's": {store.EventFilter{UserID: user + "x"}, 0},
	} {
		if got, err := d.Events(t.Context(), tt.filter, 10); err != nil || len(got) != tt.want {
			t.Errorf("%s: got %d, %v; want %d", name, len(got), err, tt.want)
		}
	}
	if got, err := d.Events(t.Context(), store.EventFilter{UserID: user}, 1); err != nil || len(got) != 1 || got[0].ID != bare.ID {
		t.Errorf("got %v, %v; want the latest alone", got, err)
	}
}

func deleteEventsCase(t *testing.T, d *database) {
	user := "usr_" + newHash()[:20]
	old := base().Add(-1000 * time.Hour)
	for i := range 5 {
		if err := d.Record(t.Context(), store.Event{At: old.Add(time.Duration(i) * time.Minute), Type: "x", Actor: store.ActorUser, UserID: user}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int64{3, 1, 0} {
		if n, err := d.DeleteEvents(t.Context(), old.Add(4*time.Minute), 3); err != nil || n != want {
			t.Errorf("got %d, %v; want %d", n, err, want)
		}
	}
	if n := trail(t, d, "x", user); n != 1 {
		t.Errorf("got %d events left, want the latest", n)
	}
}
