package doctor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestibule/bff/token"
	"vestibule/internal/secrets"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/store"
)

// runs leaves the row of a running process with these secrets.
func runs(t *testing.T, d *storetest.Database, id, secret string, previous ...string) {
	t.Helper()
	var others [][]byte
	for _, p := range previous {
		others = append(others, []byte(p))
	}
	held, err := secrets.Held([]byte(secret), others)
	if err != nil {
		t.Fatal(err)
	}
	d.HoldSecrets(held)
	if err := d.Beat(t.Context(), id, time.Now().UTC()); err != nil {
		t.Fatal(err)
	}
}

// TestAStepOfASecretChangeThatWasLeftOutIsAFailure. The same with running processes:
// cmd/vestibule.
func TestAStepOfASecretChangeThatWasLeftOutIsAFailure(t *testing.T) {
	t.Parallel()
	d := storetest.Open(t, storetest.PostgresURL(t))
	runs(t, d, "ins_1", goodSecret)
	runs(t, d, "ins_2", goodSecret)
	both := settings.Environment{"BETTER_AUTH_SECRET": otherSecret, "BETTER_AUTH_SECRET_PREVIOUS": goodSecret}
	wantOne(t, examine(t, settings.ForBFF, env(d.URL, nil)), "secrets", OK, "", "fit to those of 2 running processes")
	wantOne(t, examine(t, settings.ForBFF, env(d.URL, both)), "secrets", Failure, "BETTER_AUTH_SECRET", "is unknown to 2 of the running processes", "first restart all of them")
	runs(t, d, "ins_1", otherSecret, goodSecret)
	runs(t, d, "ins_2", otherSecret, goodSecret)
	wantOne(t, examine(t, settings.ForBFF, env(d.URL, nil)), "secrets", Failure, "BETTER_AUTH_SECRET", "are not the secret with which 2 of the running processes")
	wantOne(t, examine(t, settings.ForAPI, env(d.URL, nil)), "secrets", Failure, "BETTER_AUTH_SECRET", "are not the secret with which 2 of the running processes")
	// An API with public keys has no secret.
	public := settings.Environment{"JWT_ALGORITHM": "EdDSA", "BETTER_AUTH_SECRET": ""}
	wantOne(t, examine(t, settings.ForAPI, env(d.URL, public)), "secrets", OK, "")
	if n := d.CountRows(t, `SELECT count(*) FROM instance`); n != 2 {
		t.Errorf("got %d rows of instances, want the 2 from before", n)
	}
}

// TestABFFOnAFileReplacesTheOneThatRuns: a start waits for its end, so their secrets need not
// fit.
func TestABFFOnAFileReplacesTheOneThatRuns(t *testing.T) {
	t.Parallel()
	d := storetest.Open(t, "sqlite:"+migratedFile(t))
	runs(t, d, "ins_1", otherSecret)
	wantOne(t, examine(t, settings.ForServe, env(d.URL, nil)), "secrets", OK, "", "no running process has others")
	wantOne(t, examine(t, settings.ForAPI, env(d.URL, nil)), "secrets", Failure, "BETTER_AUTH_SECRET", "1 of the running processes")
}

func TestACreatedSecretThatOthersCanReadIsAFailure(t *testing.T) {
	t.Parallel()
	path := migratedFile(t)
	file := filepath.Join(filepath.Dir(path), "better-auth-secret")
	if err := os.WriteFile(file, []byte(goodSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := settings.Environment{"DATABASE_URL": "sqlite:" + path, "JWT_ALGORITHM": "EdDSA"}
	wantGood(t, examine(t, settings.ForServe, e))
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	wantOne(t, examine(t, settings.ForServe, e), "secrets", Failure, "BETTER_AUTH_SECRET", "is open to other users (mode 0644)", "chmod 600")
}

// minted lets a BFF with this secret make its first signing key. since is when it began to
// sign.
func minted(t *testing.T, d *storetest.Database, secret string, since time.Time) string {
	t.Helper()
	_, err := token.Open(t.Context(), token.Config{
		Algorithm: "EdDSA", Secret: []byte(secret), Issuer: "i", Audience: "a", ExpiresIn: time.Minute,
		Now: func() time.Time { return since },
	}, d)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := d.Keys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatalf("got %d keys, %v", len(keys), err)
	}
	return keys[0].ID
}

func TestSigningKeysAreOpened(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d *storetest.Database) {
		since := time.Now().Add(-24 * time.Hour)
		id := minted(t, d, otherSecret, since)
		with := func(more settings.Environment) []Result {
			e := env(d.URL, settings.Environment{"JWT_ALGORITHM": "EdDSA"})
			for name, value := range more {
				e[name] = value
			}
			return examine(t, settings.ForServe, e)
		}
		// Its own secret opens it.
		wantOne(t, with(settings.Environment{"BETTER_AUTH_SECRET": otherSecret}), "keys", OK, "",
			id+" signs (EdDSA) since "+clock(since), "the next key is due at "+clock(since.Add(30*24*time.Hour-340*time.Second)))
		wantOne(t, with(settings.Environment{"BETTER_AUTH_SECRET": otherSecret, "JWT_KEY_ROTATION": "0"}), "keys", OK, "", "by vestibule keys rotate only")
		// Only the previous one opens it.
		wantOne(t, with(settings.Environment{"BETTER_AUTH_SECRET_PREVIOUS": otherSecret}), "keys", Warning, "BETTER_AUTH_SECRET_PREVIOUS", "is still needed", id)
		wantOne(t, with(settings.Environment{"BETTER_AUTH_SECRET_PREVIOUS": otherSecret, "JWT_ALGORITHM": "HS256"}), "keys", Warning, "BETTER_AUTH_SECRET_PREVIOUS", "is still needed")
		// None opens it: a start is refused, unless the key does not sign.
		wantOne(t, with(nil), "keys", Failure, "BETTER_AUTH_SECRET", "is not the one that encrypted the signing key "+id)
		wantOne(t, with(settings.Environment{"JWT_ALGORITHM": "HS256"}), "keys", Warning, "BETTER_AUTH_SECRET", "is not the one that encrypted the key "+id)
		wantOne(t, with(settings.Environment{"JWT_ALGORITHM": "ES256"}), "keys", Warning, "BETTER_AUTH_SECRET", "keys retire "+id)
		d.Exec(t, `UPDATE jwks SET "privateKey" = 'v1.x'`)
		wantOne(t, with(nil), "keys", Failure, "DATABASE_URL", "damaged", id)
		wantOne(t, examine(t, settings.ForAPI, env(d.URL, nil)), "secrets", OK, "") // an API signs nothing
	})
}

// TestAKeyThatNobodyReplacesIsAWarning while a process runs that should.
func TestAKeyThatNobodyReplacesIsAWarning(t *testing.T) {
	t.Parallel()
	d := storetest.Open(t, storetest.PostgresURL(t))
	e := env(d.URL, settings.Environment{"JWT_ALGORITHM": "EdDSA", "JWT_KEY_ROTATION": "24h"})
	id := minted(t, d, goodSecret, time.Now().Add(-48*time.Hour))
	wantOne(t, examine(t, settings.ForServe, e), "keys", OK, "", id) // nothing runs yet
	runs(t, d, "ins_1", goodSecret)
	wantOne(t, examine(t, settings.ForServe, e), "keys", Warning, "JWT_KEY_ROTATION", "no running process has made one")
	rotate(t, d)
	wantOne(t, examine(t, settings.ForServe, e), "keys", OK, "", id+" signs", "; key_", " signs from ")
}

func rotate(t *testing.T, d *storetest.Database) {
	t.Helper()
	c := token.Config{Algorithm: "EdDSA", Secret: []byte(goodSecret), Now: time.Now}
	err := d.ChangeKeys(context.Background(), func(rows []store.Key) (store.KeyChange, error) {
		change, _, err := c.Rotate(rows)
		return change, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryFaultOfTheSettingsIsReported(t *testing.T) {
	t.Parallel()
	found := examine(t, settings.ForBFF, settings.Environment{"DATABASE_URL": "postgres://u:hunter2@127.0.0.1:1/x", "BASE_URL": "ftp://x", "BFF_ADDR": "nowhere"})
	var all []string
	for _, r := range of(found, "settings") {
		all = append(all, r.Text())
	}
	if text := strings.Join(all, "\n"); len(all) != 2 || !strings.Contains(text, "BASE_URL") || !strings.Contains(text, "BFF_ADDR") {
		t.Errorf("got %q, want both faults", all)
	}
	// What does not depend on them is checked all the same.
	wantOne(t, found, "database", Failure, "DATABASE_URL", "does not answer")
	wantOne(t, found, "secrets", Warning, "BASE_URL", "must be usable before this can be checked")
}
