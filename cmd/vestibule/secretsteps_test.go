package main

import (
	"strings"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
	"vestibule/store"
)

// TestTheSecretChangesInThreeSteps with two instances on one database. A step is refused
// while an instance has not taken the one before.
func TestTheSecretChangesInThreeSteps(t *testing.T) {
	t.Parallel()
	newSecret := strings.ToUpper(goodSecret)
	url := storetest.PostgresURL(t)
	secrets := []settings.Environment{
		{"BETTER_AUTH_SECRET": goodSecret},
		{"BETTER_AUTH_SECRET": goodSecret, "BETTER_AUTH_SECRET_PREVIOUS": newSecret},
		{"BETTER_AUTH_SECRET": newSecret, "BETTER_AUTH_SECRET_PREVIOUS": goodSecret},
		{"BETTER_AUTH_SECRET": newSecret},
	}
	env := func(step int) settings.Environment {
		return with(with(testEnv(t), settings.Environment{"DATABASE_URL": url, "JWT_ALGORITHM": "EdDSA"}), secrets[step])
	}
	refused := func(step int, want string) {
		t.Helper()
		code, _, stderr := once(t, "bff", env(step))
		if code != exitFailure || !strings.Contains(stderr, want) {
			t.Errorf("step %d: got code %d, %s; want %q", step, code, stderr, want)
		}
		oneError(t, stderr, "BETTER_AUTH_SECRET")
		if strings.Contains(stderr, goodSecret) || strings.Contains(stderr, newSecret) {
			t.Errorf("got a secret in %s", stderr)
		}
	}
	stop := func(i *instance) {
		t.Helper()
		i.stop()
		if code := waittest.Receive(t, "exit", i.code); code != exitOK {
			t.Errorf("got code %d, want %d", code, exitOK)
		}
	}
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	private := func() string {
		keys, err := db.Keys(t.Context())
		if err != nil || len(keys) != 1 {
			t.Fatalf("got %d keys, %v", len(keys), err)
		}
		return keys[0].PrivateKey
	}

	a, b := start(t, "bff", env(0)), start(t, "bff", env(0))
	refused(2, "is unknown to 2 of the running processes")
	refused(3, "BETTER_AUTH_SECRET_PREVIOUS")
	// They could not decrypt the key, and would all be unready when its turn comes.
	if code, _, stderr := once(t, "keys rotate", env(2)); code != exitFailure || !strings.Contains(stderr, "is unknown to 2 of the running processes") {
		t.Errorf("keys rotate with the secret of step 2: got code %d, %s; want it refused", code, stderr)
	}
	private()
	stop(a)
	a = start(t, "bff", env(1))
	refused(2, "is unknown to 1 of the running processes")
	stop(b)
	b = start(t, "bff", env(1))
	refused(3, "are not the secret with which 2 of the running processes on this database sign")
	stop(a)
	a = start(t, "bff", env(2))
	refused(0, "are not the secret with which 1 of") // both accept the old one, but one signs with the new one
	refused(3, "are not the secret with which 1 of the running processes on this database sign")
	was := private()
	stop(b)
	b = start(t, "bff", env(2))
	waittest.Until(t, "the key is encrypted with the new secret", func() bool { return private() != was })
	stop(a)
	a = start(t, "bff", env(3))
	refused(0, "is unknown to 1 of the running processes")
	stop(b)
	stop(a)
	stop(start(t, "bff", env(3)))
}
