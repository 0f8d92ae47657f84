package daemon

import (
	"log/slog"
	"maps"
	"testing"

	"vestibule/internal/settings"
	"vestibule/internal/testlog"
)

var discard = slog.New(slog.DiscardHandler)

type logBuffer = testlog.Buffer

// goodSecret is a valid secret of 32 bytes. No message may contain it.
const goodSecret = "0123456789-keep-this-to-yourself"

// with returns the variables of e and more. more wins.
func with(e, more settings.Environment) settings.Environment {
	both := maps.Clone(e)
	if both == nil {
		both = settings.Environment{}
	}
	maps.Copy(both, more)
	return both
}

func mustLoad(t *testing.T, by settings.Side, env settings.Environment) *settings.Settings {
	t.Helper()
	c, err := settings.Load(by, nil, env)
	if err != nil {
		t.Fatalf("got %v, want a configuration", err)
	}
	return c
}
