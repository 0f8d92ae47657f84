package settings

import (
	"errors"
	"maps"
	"testing"
)

// goodSecret is a valid secret of 32 bytes. No message may contain it.
const goodSecret = "0123456789-keep-this-to-yourself"

// with returns the variables of e and more. more wins.
func with(e, more Environment) Environment {
	both := maps.Clone(e)
	if both == nil {
		both = Environment{}
	}
	maps.Copy(both, more)
	return both
}

// loadFaults returns the faults that Load finds.
func loadFaults(t *testing.T, by Side, env Environment) Faults {
	t.Helper()
	_, err := Load(by, nil, env)
	if err == nil {
		return nil
	}
	var found Faults
	if !errors.As(err, &found) {
		t.Fatalf("got error %v of another kind, want faults", err)
	}
	return found
}

func mustLoad(t *testing.T, by Side, env Environment) *Settings {
	t.Helper()
	c, err := Load(by, nil, env)
	if err != nil {
		t.Fatalf("got %v, want a configuration", err)
	}
	return c
}
