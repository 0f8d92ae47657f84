package doctor

import (
	"context"
	"errors"
	"fmt"

	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// usualProcesses is how many processes must fit, as docs/operations.md says: for example two
// BFFs and an API, and during a rolling deploy two of the new ones.
const usualProcesses = 5

// connections checks whether the processes fit into PostgreSQL. Behind a pooler its own
// limits count, which are not known here.
func (in *Installation) connections(ctx context.Context, st *store.Store) []Result {
	about, err := st.Server(ctx)
	if err != nil {
		return in.refused(ctx, st, err)
	}
	each := int64(in.Settings.Database.MaxConnections)
	const setting = "DATABASE_MAX_CONNS"
	switch {
	case in.pooled.Load() || in.faulty("DATABASE_LISTEN_URL") != "":
		return ok("a process has up to %d connections; if DATABASE_URL is a pooler, compare that with the pooler's limits", each)
	case each > about.Connections:
		return failure(setting, fmt.Sprintf("is %d, and PostgreSQL allows %d (%s)", each, about.Connections, about.LimitedBy), "lower it, or raise "+about.LimitedBy)
	case usualProcesses*each > about.Connections:
		return warning(setting, fmt.Sprintf("is %d, and PostgreSQL allows %d (%s): fewer than %d processes fit", each, about.Connections, about.LimitedBy, usualProcesses),
			fmt.Sprintf("raise %s, or set DATABASE_MAX_CONNS such that all processes of a deploy fit, like %d", about.LimitedBy, max(db.MinConnections, about.Connections/usualProcesses)))
	}
	return ok("%d connections for each process; PostgreSQL allows %d (%s)", each, about.Connections, about.LimitedBy)
}

// notifications checks that this process hears what others say.
func (in *Installation) notifications(ctx context.Context, st *store.Store) []Result {
	own := in.Settings.Database.ListenURL
	in.pooled.Store(own != "")
	const effect = "so every request asks the database for its session, and what happens elsewhere is seen half a second later"
	switch err := st.TryListening(ctx, in.hear); {
	case err == nil && own != "":
		return ok("they arrive, on the connection of DATABASE_LISTEN_URL")
	case err == nil:
		return ok("they arrive")
	case own == "" && errors.Is(err, db.ErrSilent):
		in.pooled.Store(true)
		return warning("DATABASE_LISTEN_URL", fmt.Sprintf("is not set, and DATABASE_URL delivers no notifications within %s, like a pooler in transaction mode, %s", in.hear, effect),
			"set it to a direct connection to the same database")
	case own == "":
		return in.refused(ctx, st, err)
	case errors.Is(err, db.ErrSilent):
		return in.whySilent(ctx, st, effect)
	default:
		return failure("DATABASE_LISTEN_URL", "cannot be used ("+settings.OneLine(err.Error())+"), "+effect, "correct its host, user and password: it must be a direct connection to the database of DATABASE_URL")
	}
}

// whySilent says why DATABASE_LISTEN_URL delivers nothing.
func (in *Installation) whySilent(ctx context.Context, st *store.Store, effect string) []Result {
	same, err := st.SameDatabase(ctx, in.Settings.Database.ListenURL)
	if err == nil && !same {
		return failure("DATABASE_LISTEN_URL", "leads to another database than DATABASE_URL, "+effect, "set it to a direct connection to the database of DATABASE_URL")
	}
	return failure("DATABASE_LISTEN_URL", fmt.Sprintf("delivers no notifications within %s, like a pooler in transaction mode, %s", in.hear, effect),
		"set it to a direct connection to the database, without a pooler")
}
