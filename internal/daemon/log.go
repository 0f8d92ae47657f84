package daemon

import (
	"io"
	"log"
	"log/slog"
	"os"

	"golang.org/x/term"

	"vestibule/internal/settings"
)

// newLogger returns the logger of the process, and its level, which may change. It writes to
// stderr, so that the output of a command can be piped.
func newLogger(stderr io.Writer, c *settings.Settings) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	level.Set(c.LogLevel)
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewJSONHandler(stderr, options)
	if c.LogFormat == "text" || c.LogFormat == "" && isTerminal(stderr) {
		handler = slog.NewTextHandler(stderr, options)
	}
	// The client of net/http writes to the standard logger, and its messages may contain
	// bytes that an API sent. Log them as records of the level debug.
	log.SetFlags(0)
	log.SetOutput(slog.NewLogLogger(handler, slog.LevelDebug).Writer())
	return slog.New(handler), level
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
