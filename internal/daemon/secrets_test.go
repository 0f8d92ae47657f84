package daemon

import (
	"database/sql"
	"log/slog"
	"strings"
	"testing"
	"time"

	"vestibule/internal/secrets"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/db"
)

// newSecret is the other secret of a change.
var newSecret = strings.ToUpper(goodSecret)

// secretSteps are the settings before a change, and in its three steps.
var secretSteps = []settings.Environment{
	{"BETTER_AUTH_SECRET": goodSecret},
	{"BETTER_AUTH_SECRET": goodSecret, "BETTER_AUTH_SECRET_PREVIOUS": newSecret},
	{"BETTER_AUTH_SECRET": newSecret, "BETTER_AUTH_SECRET_PREVIOUS": goodSecret},
	{"BETTER_AUTH_SECRET": newSecret},
}

// atStep returns the check of a BFF or an API that has taken a step.
func atStep(t *testing.T, st *store.Store, by settings.Side, step int, log *slog.Logger) (*secretCheck, *settings.Settings) {
	t.Helper()
	c, at := mustLoad(t, by, secretSteps[step]), &listeners{api: &server{}}
	if by == settings.ForBFF {
		at = &listeners{bff: &server{}}
	}
	s, err := newSecretCheck(c, at, st, log)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

// TestAProcessIsSeenBeforeItsFirstBeat: two processes of steps that are no neighbours start
// at once. The one that joins first stays.
func TestAProcessIsSeenBeforeItsFirstBeat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		join := func(by settings.Side, step int, instance string, fits bool) {
			t.Helper()
			s, c := atStep(t, st, by, step, discard)
			if err := s.join(t.Context(), c, instance); (err == nil) != fits || !fits && !strings.Contains(err.Error(), "BETTER_AUTH_SECRET") {
				t.Errorf("step %d: got error %v, want it to fit: %v", step, err, fits)
			}
		}
		join(settings.ForAPI, 0, "ins_a", true)
		join(settings.ForBFF, 2, "ins_b", false) // ins_a would refuse what it signs
		join(settings.ForBFF, 1, "ins_c", true)
		join(settings.ForAPI, 3, "ins_d", false) // it would refuse what ins_c signs
	})
}

// TestADatabaseThatCanOnlyBeReadIsNoReasonNotToStart: its row comes later. Secrets that do not
// fit are still refused.
func TestADatabaseThatCanOnlyBeReadIsNoReasonNotToStart(t *testing.T) {
	url := storetest.PostgresURL(t)
	st, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	running, c := atStep(t, st, settings.ForBFF, 0, discard)
	if err := running.join(t.Context(), c, "ins_a"); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	tx, err := raw.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`LOCK TABLE instance IN SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	for step, fits := range map[int]bool{1: true, 2: false} {
		s, c := atStep(t, st, settings.ForBFF, step, discard)
		if err := s.join(t.Context(), c, "ins_b"); (err == nil) != fits || !fits && !strings.Contains(err.Error(), "is unknown to 1 of") {
			t.Errorf("step %d: got error %v, want it to fit: %v", step, err, fits)
		}
	}
}

// TestSecretsAreComparedWithEachBeat, logged once for each change, and reported to /healthz.
func TestSecretsAreComparedWithEachBeat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		log := &logBuffer{}
		mine, _ := atStep(t, st, settings.ForAPI, 0, slog.New(slog.NewTextHandler(log, nil)))
		now := time.Now().UTC()
		others := map[int]*secretCheck{}
		for step := range secretSteps {
			others[step], _ = atStep(t, st, settings.ForBFF, step, discard)
		}
		beside := func(step int, fits bool) {
			t.Helper()
			st.HoldSecrets(others[step].mine)
			if err := others[step].beat(t.Context(), "ins_other", now); err != nil {
				t.Fatal(err)
			}
			st.HoldSecrets(mine.mine)
			for range 3 {
				if err := mine.beat(t.Context(), "ins_mine", now); err != nil {
					t.Fatal(err)
				}
			}
			if err := mine.check(t.Context()); (err == nil) != fits {
				t.Errorf("beside step %d: got %v, want it to fit: %v", step, err, fits)
			}
		}
		for _, step := range []int{0, 1} {
			beside(step, true)
		}
		if got := log.String(); got != "" {
			t.Errorf("got %q, want nothing in the log", got)
		}
		beside(2, false)
		beside(3, false)
		beside(1, true)
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 2 {
			t.Fatalf("got %q, want 2 lines", lines)
		}
		for i, wants := range [][]string{
			{"level=WARN", "setting=BETTER_AUTH_SECRET", "are not the secret with which 1 of the running processes", "cure=\"set BETTER_AUTH_SECRET_PREVIOUS to that secret"},
			{"level=INFO", "setting=BETTER_AUTH_SECRET", "fit together again"},
		} {
			for _, want := range wants {
				if !strings.Contains(lines[i], want) {
					t.Errorf("line %d: got %q, want %q in it", i, lines[i], want)
				}
			}
		}
		if got := log.String(); strings.Contains(got, goodSecret) || strings.Contains(got, newSecret) {
			t.Errorf("got a secret in %s", got)
		}
	})
}

// TestARowOfAKilledBFFIsNoMisfitOnSQLite: this process has claimed the sessions of the file,
// so the other BFF has ended.
func TestARowOfAKilledBFFIsNoMisfitOnSQLite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		mine, _ := atStep(t, st, settings.ForBFF, 3, discard)
		old, _ := atStep(t, st, settings.ForBFF, 0, discard)
		running := []db.Instance{old.mine, mine.mine}
		if got, want := mine.compare(running) != (secrets.Misfits{}), st.Shared(); got != want {
			t.Errorf("a BFF: got a misfit %v, want %v", got, want)
		}
		api, _ := atStep(t, st, settings.ForAPI, 0, discard)
		if got := mine.compare([]db.Instance{api.mine}); got.Refuse != 1 {
			t.Errorf("an API: got %+v, want it to refuse", got)
		}
	})
}

func TestAnAPIWithPublicKeysChecksNoSecret(t *testing.T) {
	st := storetest.SQLite(t)
	c := mustLoad(t, settings.ForAPI, settings.Environment{"JWT_ALGORITHM": "EdDSA"})
	s, err := newSecretCheck(c, &listeners{api: &server{}}, st, discard)
	if err != nil {
		t.Fatal(err)
	}
	if s.needed() || len(s.mine.Accepts) != 0 || s.mine.Signs != "" || !s.mine.Known {
		t.Errorf("got %+v, want an instance that needs no secret", s.mine)
	}
}
