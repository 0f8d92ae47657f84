package daemon

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"vestibule/store/db"
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
		{"level=WARN", "each request queries its session", "/healthz fails", "setting=DATABASE_LISTEN_URL", "the same database", "is in between"},
		{"level=INFO", "arrive again"},
	} {
		for _, want := range wants {
			if !strings.Contains(got[i], want) {
				t.Errorf("line %d: got %q, want %q in it", i, got[i], want)
			}
		}
	}
}

// TestAPoolerIsNoFaultInTheLog: nothing fails because of it.
func TestAPoolerIsNoFaultInTheLog(t *testing.T) {
	out := &logBuffer{}
	tell := logListening(slog.New(slog.NewTextHandler(out, nil)), false)
	tell(false, db.ErrSilent)
	if got := out.String(); !strings.Contains(got, "set DATABASE_LISTEN_URL to a direct connection") || strings.Contains(got, "/healthz") {
		t.Errorf("got %q, want the cure, and nothing of a fault", got)
	}
}
