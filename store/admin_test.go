package store_test

import (
	"slices"
	"testing"
	"time"

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
		"counters are locked in one order":              counterLockCase,
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
