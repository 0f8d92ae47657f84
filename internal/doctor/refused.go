package doctor

import (
	"context"
	"errors"
	"strings"

	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// refused is the failure of a call on a database that has been opened. The faults of a start
// would mislead here: the database is there, and so are its tables.
func (in *Installation) refused(ctx context.Context, st *store.Store, err error) []Result {
	return in.refusedOr(ctx, st, err, failed("DATABASE_URL", in.Settings.Database.Failure(err)))
}

// refusedOr is refused with another failure for all that is not known better.
func (in *Installation) refusedOr(ctx context.Context, st *store.Store, err error, other []Result) []Result {
	cause := err
	if f, is := errors.AsType[settings.Failure](err); is {
		cause = f.Cause
	}
	switch {
	case in.Settings.Database.SQLite != "":
	case errors.Is(err, db.ErrForbidden):
		if grants, unknown := st.MissingGrants(ctx); unknown == nil && len(grants) > 0 {
			return failure("DATABASE_URL", "names a database in which this user lacks permissions ("+settings.OneLine(cause.Error())+")",
				"run as the owner of the tables: "+strings.Join(grants, "; "))
		}
	case db.NoAnswer(err) && st.Ping(ctx) == nil:
		return failure("DATABASE_URL", "names a database that answers, but not this check ("+settings.OneLine(cause.Error())+"): a table is locked, or the server is very slow",
			"find who holds locks with SELECT pid, state, xact_start, query FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE mode LIKE '%Exclusive%') ORDER BY xact_start, and let that transaction end, or end it with SELECT pg_terminate_backend(PID)")
	}
	return other
}
