package db

import (
	"context"
	"slices"
)

// ErrSilent means that notifications do not arrive although all connections work.
var ErrSilent = errSilent

// SessionTriggers returns the triggers that tell instances about sessions: those that are
// missing, and those that are switched off.
func (s *DB) SessionTriggers(ctx context.Context) (missing, off []string, err error) {
	wanted := []string{"session_ended", "session_changed", "session_user_changed"}
	query := `SELECT name, true FROM sqlite_master WHERE type = 'trigger'`
	if s.engine.shared {
		wanted = append(wanted, "session_renamed", "session_all_ended")
		query = `SELECT tgname::text, tgenabled IN ('O', 'A') FROM pg_catalog.pg_trigger
			WHERE tgrelid IN (to_regclass('session'), to_regclass('"user"')) AND NOT tgisinternal`
	}
	err = s.Call(ctx, "triggers", func(ctx context.Context) error {
		missing, off = slices.Clone(wanted), nil
		var name string
		var fires bool
		return s.Read().Each(ctx, []any{&name, &fires}, func() {
			if i := slices.Index(missing, name); i >= 0 {
				missing = slices.Delete(missing, i, i+1)
				if !fires {
					off = append(off, name)
				}
			}
		}, query)
	})
	return missing, off, err
}
