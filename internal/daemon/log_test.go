package daemon

import (
	"log"
	"log/slog"
	"strings"
	"testing"

	"vestibule/internal/settings"
)

// The client of net/http writes to the standard logger, and its messages may contain
// bytes of a response. They must be JSON records, and only appear at the level debug.
func TestTheStandardLoggerWritesDebugRecords(t *testing.T) {
	writer, flags := log.Writer(), log.Flags()
	t.Cleanup(func() {
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	for level, want := range map[slog.Level]string{slog.LevelInfo: "", slog.LevelDebug: `"level":"DEBUG","msg":"Unsolicited response"`} {
		out := &logBuffer{}
		_, _ = newLogger(out, &settings.Settings{LogFormat: "json", LogLevel: level})
		log.Print("Unsolicited response")
		if got := out.String(); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("at %v: got %q, want %q", level, got, want)
		}
	}
}
