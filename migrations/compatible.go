package migrations

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// RecordedSince is the migration since which the database records what CompatibleWith
// returns. Programs without it refuse every newer schema.
const RecordedSince = 23

const compatibleMark = "-- compatible-with:"

// CompatibleWith returns the oldest version of the schema whose programs can use the
// database after a migration of fsys. It returns 0 if only programs that have the migration
// can. The file says it in a line like “-- compatible-with: 23” or “-- compatible-with: none”.
func CompatibleWith(fsys fs.FS, file string) (int64, error) {
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		rest, found := strings.CutPrefix(line, compatibleMark)
		if !found {
			continue
		}
		if rest = strings.TrimSpace(rest); rest == "none" {
			return 0, nil
		}
		version, err := strconv.ParseInt(rest, 10, 64)
		if err != nil || version < 1 {
			return 0, fmt.Errorf("%s: after %s got %q, want a version of the schema or none", file, compatibleMark, rest)
		}
		return version, nil
	}
	return 0, nil
}
