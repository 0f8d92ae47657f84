package settings

import (
	"slices"
	"testing"
)

func TestRequiredGSSEncryptionIsNotHidden(t *testing.T) {
	var hidden []string
	HideFromDriver(Environment{"PGGSSENCMODE": "require"}, func(name string) error { hidden = append(hidden, name); return nil })
	if len(hidden) != len(unsupportedByDriver)-1 || slices.Contains(hidden, "PGGSSENCMODE") {
		t.Errorf("got %v hidden, want all but PGGSSENCMODE", hidden)
	}
}

func TestIgnoredVariablesAreNotSettings(t *testing.T) {
	names := allNames()
	for _, name := range unsupportedByDriver {
		if names[name] {
			t.Errorf("%s is both a setting and a variable without effect", name)
		}
	}
}
