package settings

import (
	"slices"
	"testing"
)

func TestRequiredGSSEncryptionIsNotUnset(t *testing.T) {
	var unset []string
	UnsetUnsupported(Environment{"PGGSSENCMODE": "require"}, func(name string) error { unset = append(unset, name); return nil })
	if len(unset) != len(unsupportedVariables)-1 || slices.Contains(unset, "PGGSSENCMODE") {
		t.Errorf("got %v unset, want all but PGGSSENCMODE", unset)
	}
}

func TestIgnoredVariablesAreNotSettings(t *testing.T) {
	names := allNames()
	for _, name := range unsupportedVariables {
		if names[name] {
			t.Errorf("%s is both a setting and a variable without effect", name)
		}
	}
}
