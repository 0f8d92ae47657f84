package daemon

import (
	"io"
	"log"
	"log/slog"
	"os"

	"golang.org/x/term"

	"vestibule/internal/settings"
)

// newLogger returns the one logger of the process. It writes to stderr, so
// that what a command prints can be piped.
func newLogger(stderr io.Writer, c *settings.Settings) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	var handler slog.Handler = slog.NewJSONHandler(stderr, options)
	if c.LogFormat == "text" || c.LogFormat == "" && isTerminal(stderr) {
		handler = slog.NewTextHandler(stderr, options)
	}
	// net/http's client writes to the standard logger, with bytes of what an API
	// has sent: a record like any other, for those who look for it.
	log.SetFlags(0)
	log.SetOutput(slog.NewLogLogger(handler, slog.LevelDebug).Writer())
	return slog.New(handler)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
