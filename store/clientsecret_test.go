package store_test

import (
	"errors"
	"testing"
	"time"

	"vestibule/store"
)

func rotateClientCase(t *testing.T, d *database) {
	c := createdClient(t, d)
	rotate := func(keep *time.Time, after time.Duration) (hash string) {
		t.Helper()
		hash = newHash()
		if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error {
			return recordOf(tx, c.ID, event(store.EventClientRotated), tx.RotateClient(c.ID, hash, keep, base().Add(after)))
		}); err != nil {
			t.Fatal(err)
		}
		return hash
	}
	first := c.SecretHash
	c.SecretHash = rotate(new(base().Add(time.Hour)), time.Second)
	c.OldSecretHash, c.OldSecretEndsAt, c.RotatedAt = first, new(kept(time.Hour)), new(kept(time.Second))
	clientIs(t, d, c)

	second := c.SecretHash
	c.SecretHash = rotate(new(base().Add(2*time.Hour)), 2*time.Second)
	c.OldSecretHash, c.OldSecretEndsAt, c.RotatedAt = second, new(kept(2*time.Hour)), new(kept(2*time.Second))
	clientIs(t, d, c)

	c.SecretHash = rotate(nil, 3*time.Second)
	c.OldSecretHash, c.OldSecretEndsAt, c.RotatedAt = "", nil, new(kept(3*time.Second))
	clientIs(t, d, c)
	if got := clientEvents(t, d, c.ID); len(got) != 3 || got[0] != store.EventClientRotated {
		t.Errorf("got events %v, want three rotations", got)
	}
}

func useClientCase(t *testing.T, d *database) {
	c := createdClient(t, d)
	use := func(after time.Duration, want time.Duration) {
		t.Helper()
		if err := useClient(t.Context(), d, store.ClientUse{ID: c.ID, SecretHash: c.SecretHash, At: base().Add(after)}, event(store.EventTokenIssued)); err != nil {
			t.Fatal(err)
		}
		c.LastUsedAt = new(kept(want))
		clientIs(t, d, c)
	}
	use(0, 0)
	use(59*time.Second, 0)
	use(time.Minute, time.Minute)
	use(0, time.Minute) // lastUsedAt never moves back
	if got := clientEvents(t, d, c.ID); len(got) != 2 {
		t.Errorf("got events %v, want one for each use that was noted", got)
	}
	e := event(store.EventTokenExchanged)
	e.ClientID = c.ID
	if err := requireClient(t.Context(), d, store.ClientUse{ID: c.ID, SecretHash: c.SecretHash, At: base().Add(time.Hour)}, e); err != nil {
		t.Fatal(err)
	}
	c.LastUsedAt = new(kept(time.Hour))
	clientIs(t, d, c)
}

// clientSecretCase checks that recording a token requires the presented secret to be still
// valid, even if the client was used a moment ago.
func clientSecretCase(t *testing.T, d *database) {
	c := createdClient(t, d)
	old, present, soon := c.SecretHash, newHash(), base().Add(time.Hour)
	if err := d.Tx(t.Context(), "test", func(tx *store.Tx) error {
		return recordOf(tx, c.ID, event(store.EventClientRotated), tx.RotateClient(c.ID, present, &soon, base()))
	}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		hash  string
		after time.Duration
		want  error
	}{
		{"the present one", present, time.Second, nil},
		{"the present one, within the minute", present, 2 * time.Second, nil},
		{"the old one, within the minute", old, 3 * time.Second, nil},
		{"the old one, as long as it is good", old, 59 * time.Minute, nil},
		{"the old one, later", old, time.Hour, store.ErrNoClient},
		{"another", newHash(), time.Second, store.ErrNoClient},
		{"another, when the use would be noted", newHash(), 3 * time.Hour, store.ErrNoClient},
		{"none", "", time.Second, store.ErrNoClient},
	} {
		before := len(clientEvents(t, d, c.ID))
		use := store.ClientUse{ID: c.ID, SecretHash: tt.hash, At: base().Add(tt.after)}
		if err := d.Tx(t.Context(), "use client", func(tx *store.Tx) error { _, err := tx.UseClient(use); return err }); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		e := event(store.EventTokenExchanged)
		e.ClientID = c.ID
		if err := requireClient(t.Context(), d, use, e); !errors.Is(err, tt.want) {
			t.Errorf("%s, with something else: got %v, want %v", tt.name, err, tt.want)
		}
		if wrote := len(clientEvents(t, d, c.ID)) - before; (wrote == 1) != (tt.want == nil) {
			t.Errorf("%s: got %d events", tt.name, wrote)
		}
	}
}
