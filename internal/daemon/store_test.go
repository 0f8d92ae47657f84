package daemon

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// TestMissingNotificationsAreLoggedOnce, with what they cost and the cure.
func TestMissingNotificationsAreLoggedOnce(t *testing.T) {
	out := &logBuffer{}
	tell := logListening(slog.New(slog.NewTextHandler(out, nil)), true)
	tell(true, nil)
	if got := out.String(); got != "" {
		t.Errorf("at the first notifications: got %q", got)
	}
	for range 3 {
		tell(false, errors.New("a pooler\nis in between"))
	}
	tell(true, nil)
	tell(true, nil)
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(got) != 2 {
		t.Fatalf("got %q, want two lines", got)
	}
	for i, wants := range [][]string{
		{"level=WARN", "each request queries its session", "setting=DATABASE_LISTEN_URL", "the same database", "is in between"},
		{"level=INFO", "arrive again"},
	} {
		for _, want := range wants {
			if !strings.Contains(got[i], want) {
				t.Errorf("line %d: got %q, want %q in it", i, got[i], want)
			}
		}
	}
}
