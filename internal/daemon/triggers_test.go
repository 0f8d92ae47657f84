package daemon

import (
	"log/slog"
	"strings"
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store/db"
)

// TestAFaultOfTriggersIsLoggedOnce, and again when others have it.
func TestAFaultOfTriggersIsLoggedOnce(t *testing.T) {
	out := &logBuffer{}
	c := &triggerCheck{store: storetest.SQLite(t), log: slog.New(slog.NewTextHandler(out, nil))}
	for _, fault := range []*db.TriggerFault{
		nil,
		{Changed: []string{"session_user_changed"}}, {Changed: []string{"session_user_changed"}},
		{Missing: []string{"session_ended"}, Changed: []string{"session_user_changed"}},
		nil, nil,
	} {
		c.note(fault)
		if err := c.check(t.Context()); (err == nil) != (fault == nil) {
			t.Errorf("got %v, want %v", err, fault)
		}
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	wants := [][]string{
		{"level=ERROR", "session_user_changed are not those of the migrations", "run DROP TRIGGER session_user_changed; CREATE TRIGGER session_user_changed AFTER UPDATE ON"},
		{"level=ERROR", "lacks the triggers session_ended", "run CREATE TRIGGER session_ended AFTER DELETE ON session BEGIN "},
		{"level=INFO", "work again"},
	}
	if len(got) != len(wants) {
		t.Fatalf("got %q, want %d lines", got, len(wants))
	}
	for i, texts := range wants {
		for _, text := range texts {
			if !strings.Contains(got[i], text) {
				t.Errorf("line %d: got %q, want %q in it", i, got[i], text)
			}
		}
	}
}
