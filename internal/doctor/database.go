package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"vestibule/internal/daemon"
	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// database opens the database: it answers, it is ours, and it can store every text.
func (in *Installation) database(ctx context.Context) (found []Result) {
	if path := in.Settings.Database.SQLite; path != "" {
		// To open it would create it.
		if info, err := os.Stat(path); errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
			in.absent.Store(true)
			if err := createable(path); err != nil {
				return failed("DATABASE_URL", in.Settings.Database.Failure(fmt.Errorf("the first start creates it: %w", err)))
			}
			return ok("%s does not exist yet; the first start creates it", path)
		}
	}
	st, err := in.openStore(ctx)
	if err != nil {
		return failed("DATABASE_URL", in.Settings.Database.Failure(err))
	}
	in.opened.Store(st)
	about, err := st.Server(ctx)
	if err != nil {
		return in.refused(ctx, st, err)
	}
	for _, n := range db.URLNotes(in.Settings.Database.URL) {
		if n.Weaker {
			found = append(found, warning("DATABASE_URL", "asks for "+n.Parameter+", which "+n.Effect, "remove the parameter from the URL when you have seen to that")...)
		}
	}
	return orElse(found, "%s answers, and the database is in UTF-8", about.Version)
}

// checkSchema compares the schema with the one of this version.
func (in *Installation) checkSchema(ctx context.Context, st *store.Store) []Result {
	status, err := st.MigrationStatus(ctx)
	if err != nil {
		return in.refused(ctx, st, err)
	}
	err = st.CheckMigrated(ctx)
	if errors.Is(err, db.ErrBehind) && in.Settings.Migrate {
		// A start would migrate it, if nothing is in the way.
		if err := st.CheckNewNames(ctx); err != nil {
			return in.refused(ctx, st, err)
		}
		in.schema.Store(schemaPending)
		pending := len(slices.DeleteFunc(status, func(m db.Migration) bool { return m.Applied }))
		return ok("a start applies %s; until then nothing in the tables is checked", Counted(pending, "pending migration"))
	}
	if err != nil {
		return in.refused(ctx, st, err)
	}
	in.schema.Store(schemaUsable)
	if later := daemon.LaterVersion(status); later > 0 {
		return ok("a later version of vestibule has migrated the database to version %d, compatibly with this one (%d)", later, db.SchemaVersion(status))
	}
	return ok("the schema has version %d, the one of this program", db.SchemaVersion(status))
}

// writes finds a standby, a read-only file, and missing permissions.
func (in *Installation) writes(ctx context.Context, st *store.Store) []Result {
	err := st.CheckWritable(ctx)
	switch {
	case errors.Is(err, db.ErrUnavailable) && in.Settings.Database.SQLite == "":
		return in.refusedOr(ctx, st, err, failure("DATABASE_URL", "names a database that cannot be written ("+settings.OneLine(err.Error())+")", "name the primary, and check that it has free space"))
	case err != nil:
		return in.refused(ctx, st, err)
	}
	return ok("every table can be written")
}

// triggers checks what tells instances that a session has ended.
func (in *Installation) triggers(ctx context.Context, st *store.Store) []Result {
	err := st.CheckTriggers(ctx)
	fault, _ := errors.AsType[*db.TriggerFault](err)
	switch {
	case fault != nil:
		return failure("DATABASE_URL", "names a database that does not tell instances of the ends of sessions, so each request asks it: "+fault.Error(), "run "+st.TriggerCure(fault))
	case err != nil:
		return in.refused(ctx, st, err)
	}
	return ok("the triggers that tell about sessions are there")
}

// beatClock finds a running process whose clock is ahead. That of one that is behind cannot be
// told from a process that has ended.
func (in *Installation) beatClock(ctx context.Context, st *store.Store) []Result {
	latest, err := st.LatestBeat(ctx)
	if err != nil {
		return in.refused(ctx, st, err)
	}
	if ahead := time.Until(latest); ahead >= apart {
		return warning("DATABASE_URL", fmt.Sprintf("is shared by a process whose clock is %s ahead of the one here: sessions, links and tokens end too early or too late", ahead.Round(time.Second)), synchronize)
	}
	return ok("no running process has a clock that is ahead of the one here")
}
