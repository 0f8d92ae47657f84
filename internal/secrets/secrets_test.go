package secrets

import (
	"strings"
	"testing"

	"vestibule/store/db"
)

var (
	oldSecret = []byte(strings.Repeat("o", 32))
	newSecret = []byte(strings.Repeat("n", 32))
)

func held(t *testing.T, secret []byte, previous ...[]byte) db.Instance {
	t.Helper()
	i, err := Held(secret, previous)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestAChangeTakesThreeSteps(t *testing.T) {
	t.Parallel()
	steps := []db.Instance{held(t, oldSecret), held(t, oldSecret, newSecret), held(t, newSecret, oldSecret), held(t, newSecret)}
	for from, running := range steps {
		for to, mine := range steps {
			got := Compare(mine, []db.Instance{running, running})
			fits := got == Misfits{}
			if want := to-from <= 1 && from-to <= 1; fits != want {
				t.Errorf("an instance of step %d beside two of step %d: got %+v, want it to fit: %v", to, from, got, want)
			}
			if !fits && got.Refuse != 2 && got.Differ != 2 {
				t.Errorf("got %+v, want both counted", got)
			}
			if got, want := AllSign(mine, []db.Instance{running, mine}), from/2 == to/2; got != want {
				t.Errorf("steps %d and %d: got AllSign %v, want %v", from, to, got, want)
			}
			if got, want := Strange(mine, []db.Instance{running, mine}), to == 0 && from > 0 || to == 3 && from < 3; got != want {
				t.Errorf("an instance of step %d beside one of step %d: got Strange %v, want %v", to, from, got, want)
			}
		}
	}
}

// TestProcessesWithoutASecretFitEverywhere: an API with public keys, and an instance of an
// earlier version, about which nothing is known.
func TestProcessesWithoutASecretFitEverywhere(t *testing.T) {
	t.Parallel()
	mine, api, earlier := held(t, newSecret), db.Instance{Known: true}, db.Instance{}
	for _, pair := range [][2]db.Instance{{mine, api}, {api, mine}, {mine, earlier}, {api, api}} {
		if got := Compare(pair[0], pair[1:]); got != (Misfits{}) {
			t.Errorf("got %+v, want no misfit", got)
		}
	}
	if !AllSign(mine, []db.Instance{mine, api}) || Strange(mine, []db.Instance{api, earlier}) {
		t.Error("an API without a secret counts")
	}
	if AllSign(mine, []db.Instance{mine, earlier}) {
		t.Error("got that all sign with the same secret, but nothing is known about the earlier version")
	}
}

// TestAnAPIThatSharesTheSecret signs nothing, but must accept what the BFFs sign.
func TestAnAPIThatSharesTheSecret(t *testing.T) {
	t.Parallel()
	api := held(t, oldSecret)
	api.Signs = ""
	if got := Compare(held(t, newSecret, oldSecret), []db.Instance{api}); got.Refuse != 1 {
		t.Errorf("got %+v, want the API to refuse", got)
	}
	if got := Compare(api, []db.Instance{held(t, newSecret, oldSecret)}); got != (Misfits{Differ: 1}) {
		t.Errorf("got %+v, want the API to differ", got)
	}
}

func TestAFingerprintShowsNothing(t *testing.T) {
	t.Parallel()
	a, errA := Fingerprint(oldSecret)
	b, errB := Fingerprint(newSecret)
	if errA != nil || errB != nil || a == b || len(a) != 32 || strings.Contains(a, "o") {
		t.Errorf("got %q, %v and %q, %v", a, errA, b, errB)
	}
}
