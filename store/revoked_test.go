package store_test

import (
	"testing"
	"time"

	"vestibule/internal/waittest"
	"vestibule/store"
)

func revokedCases() map[string]func(*testing.T, *database) {
	return map[string]func(*testing.T, *database){
		"a token is revoked once and stays so":    revokeTokenCase,
		"revoked tokens of a client are bounded":  revokedBoundCase,
		"revoked tokens that expired are deleted": forgetRevokedCase,
	}
}

// revoke revokes a token of the client that expires some time after base.
func revoke(t *testing.T, d *database, clientID, digest string, after time.Duration, most int) (added bool, err error) {
	t.Helper()
	err = d.Tx(t.Context(), "test", func(tx *store.Tx) (err error) {
		added, err = tx.RevokeToken(store.RevokedToken{Digest: digest, ClientID: clientID, ExpiresAt: base().Add(after)}, most, base())
		return err
	})
	return added, err
}

func isRevoked(t *testing.T, d *database, digest string, want bool) {
	t.Helper()
	if got, err := d.TokenRevoked(t.Context(), digest); got != want || err != nil {
		t.Errorf("got revoked: %t, %v, want %t", got, err, want)
	}
	var wanted error
	if want {
		wanted = store.ErrTokenRevoked
	}
	wantError(t, "in a transaction", d.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.RequireUnrevoked(digest) }), wanted)
}

func revokeTokenCase(t *testing.T, d *database) {
	digest, client := newHash(), newClient().ID
	isRevoked(t, d, digest, false)
	for _, want := range []bool{true, false} {
		if added, err := revoke(t, d, client, digest, time.Minute, 1); added != want || err != nil {
			t.Errorf("got %t, %v, want %t", added, err, want)
		}
		isRevoked(t, d, digest, true)
	}
	isRevoked(t, d, newHash(), false)
}

func revokedBoundCase(t *testing.T, d *database) {
	client, one, two := newClient().ID, newHash(), newHash()
	for _, expired := range []time.Duration{-time.Second, 0} { // such rows do not count
		if _, err := revoke(t, d, client, newHash(), expired, 0); err != nil {
			t.Fatal(err)
		}
	}
	if added, err := revoke(t, d, client, one, time.Minute, 1); !added || err != nil {
		t.Fatalf("got %t, %v", added, err)
	}
	added, err := revoke(t, d, client, two, time.Minute, 1)
	wantError(t, "one more", err, store.ErrTooManyRevoked)
	if added {
		t.Error("got it added")
	}
	isRevoked(t, d, two, false)
	if added, err := revoke(t, d, client, one, time.Minute, 1); added || err != nil {
		t.Errorf("again: got %t, %v", added, err)
	}
	if added, err := revoke(t, d, newClient().ID, two, time.Minute, 1); !added || err != nil {
		t.Errorf("of another client: got %t, %v", added, err)
	}
}

func forgetRevokedCase(t *testing.T, d *database) {
	gone, kept := newHash(), newHash()
	for digest, after := range map[string]time.Duration{gone: time.Minute, kept: time.Minute + time.Millisecond} {
		if _, err := revoke(t, d, newClient().ID, digest, after, 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.DeleteExpiredRevocations(t.Context(), base().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	isRevoked(t, d, gone, false)
	isRevoked(t, d, kept, true)
}

// TestTwoRevocationsForTheLastPlace: the second one does not see the first one's row before the
// commit, and must not count without it. SQLite has one writer at a time.
func TestTwoRevocationsForTheLastPlace(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	raw, client, second := d.Raw(t), newClient().ID, make(chan error, 1)
	err := d.Tx(t.Context(), "test", func(tx *store.Tx) error {
		if _, err := tx.RevokeToken(store.RevokedToken{Digest: newHash(), ClientID: client, ExpiresAt: base().Add(time.Minute)}, 1, base()); err != nil {
			return err
		}
		go func() { _, err := revoke(t, d, client, newHash(), time.Minute, 1); second <- err }()
		waittest.Until(t, "the second one waits or has ended", func() bool {
			waiting := 0
			if err := raw.Get(&waiting, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`); err != nil {
				t.Fatal(err)
			}
			return waiting > 0 || len(second) > 0
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, "the second revocation", <-second, store.ErrTooManyRevoked)
	if n := d.CountRows(t, `SELECT count(*) FROM revoked WHERE "clientId" = ?`, client); n != 1 {
		t.Errorf("got %d revocations, want 1", n)
	}
}
