package store_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/store"
)

func adminCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"users are found by id and address":             findUserCase,
		"users are listed in pages":                     listUsersCase,
		"users are searched for literally":              searchUsersCase,
		"a user is disabled once and enabled once":      disableCase,
		"events are found, the latest first":            eventsCase,
		"old events are deleted, so many at a time":     deleteEventsCase,
		"counters are shown and kept":                   counterCase,
		"counters in any order do not wait for another": counterOrderCase,
		"counters are read without a write":             counterReadCase,
	}
}

func findUserCase(t *testing.T, d *database) {
	u, _ := signedUp(t, d)
	for name, find := range map[string]func() (store.User, error){
		"id":      func() (store.User, error) { return d.UserByID(t.Context(), u.ID) },
		"address": func() (store.User, error) { return d.UserByEmail(t.Context(), u.Email) },
	} {
		if got, err := find(); err != nil || got.ID != u.ID || got.Email != u.Email {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	_, err := d.UserByID(t.Context(), u.Email)
	wantError(t, "an address as id", err, store.ErrNotFound)
	_, err = d.UserByEmail(t.Context(), "x"+u.Email)
	wantError(t, "nobody's address", err, store.ErrNotFound)
}

func listUsersCase(t *testing.T, d *database) {
	var want []string
	for range 7 {
		u, _ := signedUp(t, d)
		want = append(want, u.ID)
	}
	var got []string
	for after := ""; ; {
		page, err := d.Users(t.Context(), store.UserFilter{}, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, u := range page {
			got = append(got, u.ID)
		}
		after = page[len(page)-1].ID
	}
	for _, id := range want {
		if n := len(slices.DeleteFunc(slices.Clone(got), func(other string) bool { return other != id })); n != 1 {
			t.Errorf("%s is listed %d times, want once", id, n)
		}
	}
}

func searchUsersCase(t *testing.T, d *database) {
	odd, _ := signedUp(t, d)
	other, _ := signedUp(t, d)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error {
		return recordOf(tx, odd.ID, event("x"), tx.UpdateUser(odd.ID, store.UserChange{Name: new("100%_Sure!")}, base()))
	}); err != nil {
		t.Fatal(err)
	}
	accented := newUser()
	accented.Name = "Éva Ångström"
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.CreateUser(accented, "x") }); err != nil {
		t.Fatal(err)
	}
	for search, want := range map[string][]string{
		"%_sure!":              {odd.ID},
		"0%_s":                 {odd.ID},
		"!":                    {odd.ID},
		"100_":                 nil,
		"Éva Ångström":         {accented.ID},
		"VA ":                  {accented.ID},
		other.Email[4:12]:      {other.ID},
		"USR_" + other.ID[4:9]: {other.ID},
	} {
		found, err := d.Users(t.Context(), store.UserFilter{Search: search}, "", 100)
		var got []string
		for _, u := range found {
			got = append(got, u.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v; want %v", search, got, err, want)
		}
	}
}

func disableCase(t *testing.T, d *database) {
	u, session := signedUp(t, d)
	put(t, d, u, store.PurposeReset)
	disable := func() []string {
		e := event(store.EventUserDisabled)
		e.At = base().Add(time.Hour)
		ended, err := ending(t.Context(), d, func(tx *store.Tx) error { return tx.DisableUser(u.ID, e) })
		if err != nil {
			t.Fatal(err)
		}
		return ended
	}
	if got := disable(); !slices.Equal(got, []string{session.TokenHash}) {
		t.Errorf("got %v, want the user's session ended", got)
	}
	if got := disable(); got != nil {
		t.Errorf("got %v the second time, want nothing", got)
	}
	got, err := d.UserByID(t.Context(), u.ID)
	if err != nil || got.DisabledAt == nil || !got.DisabledAt.Equal(kept(time.Hour)) {
		t.Errorf("got %v, %v", got.DisabledAt, err)
	}
	if n := d.CountRows(t, `SELECT count(*) FROM verification WHERE "userId" = ?`, u.ID); n != 0 {
		t.Errorf("got %d links left", n)
	}
	listed, err := d.Users(t.Context(), store.UserFilter{Disabled: true, Search: u.Email}, "", 10)
	if err != nil || len(listed) != 1 {
		t.Errorf("got %v, %v; want the disabled user", listed, err)
	}
	late := newSession(u.ID)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.StartSession(late) }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.EnableUser(u.ID, event(store.EventUserEnabled)) }); err != nil {
			t.Fatal(err)
		}
	}
	if exists(t, d, late.TokenHash) {
		t.Error("a session that was added while the user was disabled has come to life")
	}
	if got, err = d.UserByID(t.Context(), u.ID); err != nil || got.DisabledAt != nil {
		t.Errorf("got %v, %v", got.DisabledAt, err)
	}
	if trail(t, d, store.EventUserDisabled, u.ID) != 1 || trail(t, d, store.EventUserEnabled, u.ID) != 1 {
		t.Error("want one event of each kind")
	}
	_, err = ending(t.Context(), d, func(tx *store.Tx) error { return tx.DisableUser("usr_nobody", event("x")) })
	wantError(t, "disable nobody", err, store.ErrNotFound)
	wantError(t, "enable nobody", d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.EnableUser("usr_nobody", event("x")) }), store.ErrNotFound)
}

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

func counterCase(t *testing.T, d *database) {
	a, b := newHash(), newHash()
	want := store.Counter{Count: 3, Strikes: 1, WindowEnd: kept(time.Minute), BlockedUntil: kept(time.Hour), ExpiresAt: kept(2 * time.Hour)}
	see := func(keys []string, want []store.Counter, put func([]store.Counter)) {
		t.Helper()
		err := d.Count(t.Context(), keys, func(got []store.Counter) {
			for i := range got {
				if got[i].BlockedUntil.Equal(time.Unix(0, 0)) {
					got[i].BlockedUntil = time.Time{}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			put(got)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	see([]string{b, a}, []store.Counter{{}, {}}, func(c []store.Counter) { c[0] = want })
	see([]string{a, b}, []store.Counter{{}, want}, func(c []store.Counter) {
		c[0], c[1] = store.Counter{Count: 1, WindowEnd: base(), ExpiresAt: base()}, store.Counter{}
	})
	see([]string{a, b}, []store.Counter{{Count: 1, WindowEnd: kept(0), ExpiresAt: kept(0)}, {}}, func([]store.Counter) {})
	if n := d.CountRows(t, `SELECT count(*) FROM throttle WHERE key IN (?, ?)`, a, b); n != 1 {
		t.Errorf("got %d rows, want none for a counter that is zero", n)
	}
	if n, err := d.DeleteExpiredCounters(t.Context(), base()); err != nil || n < 1 {
		t.Errorf("got %d, %v; want the expired counter deleted", n, err)
	}
}

func counterOrderCase(t *testing.T, d *database) {
	a, b := newHash(), newHash()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			keys := []string{a, b}
			if i%2 == 1 {
				keys = []string{b, a}
			}
			err := d.Count(t.Context(), keys, func(c []store.Counter) {
				for i := range c {
					c[i].Count++
					c[i].WindowEnd, c[i].ExpiresAt = base().Add(time.Hour), base().Add(time.Hour)
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := d.Count(t.Context(), []string{a, b}, func(c []store.Counter) {
		if c[0].Count != 20 || c[1].Count != 20 {
			t.Errorf("got %d and %d, want 20", c[0].Count, c[1].Count)
		}
	}); err != nil {
		t.Fatal(err)
	}
}
