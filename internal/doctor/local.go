package doctor

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"vestibule/internal/jose"
	"vestibule/internal/settings"
	"vestibule/store"
	"vestibule/store/db"
)

// hearWithin is how long a notification may take.
const hearWithin = 2 * time.Second

// Installation is what Local checks.
type Installation struct {
	Settings *settings.Settings // from settings.Examine
	Faults   settings.Faults
	By       settings.Side // ForServe, ForBFF or ForAPI

	secretErr error // why the created secret cannot be read

	// For tests. 0 and "": what everybody uses.
	hear      time.Duration
	goVersion string

	// What earlier checks have found. A check that was left behind may still set it.
	opened atomic.Pointer[store.Store] // nil: the database cannot be used
	absent atomic.Bool                 // there is no database yet: the first start creates it
	schema atomic.Int32                // one of the constants below
	pooled atomic.Bool                 // there is a pooler between this process and PostgreSQL
}

// What the check of the schema has found.
const (
	schemaUnusable = iota
	schemaPending  // a start migrates it
	schemaUsable
)

// Local returns the checks of an installation, as seen from this machine. Close must be
// called after them.
func Local(in *Installation) (checks []Check, closeAll func()) {
	in.hear = cmp.Or(in.hear, hearWithin)
	if in.faulty("BETTER_AUTH_SECRET", "BASE_URL", "DATABASE_URL") == "" {
		in.secretErr = in.Settings.ReadSecretFile()
	}
	c := in.Settings
	add := func(name string, run func(context.Context) []Result, needs ...string) {
		checks = append(checks, Check{name, needs[0], in.unlessFaulty(run, needs)})
	}
	checks = append(checks, Check{"settings", "the settings", in.settings}, Check{"runtime", program, in.runtime})
	add("files", in.files, "DATABASE_URL", "MAIL_DIR")
	add("database", in.database, "DATABASE_URL")
	add("schema", in.needsDatabase(in.checkSchema), "DATABASE_URL", "MIGRATE")
	add("writes", in.needsSchema(in.writes), "DATABASE_URL")
	add("triggers", in.needsSchema(in.triggers), "DATABASE_URL")
	add("clocks", in.needsSchema(in.beatClock), "DATABASE_URL")
	if c.Database.SQLite == "" {
		add("notifications", in.needsDatabase(in.notifications), "DATABASE_LISTEN_URL", "DATABASE_URL")
		add("connections", in.needsDatabase(in.connections), "DATABASE_MAX_CONNS", "DATABASE_URL")
	}
	add("secrets", in.secret, "BETTER_AUTH_SECRET", "BETTER_AUTH_SECRET_PREVIOUS", "BASE_URL", "JWT_ALGORITHM")
	if in.hasBFF() {
		add("keys", in.needsSchema(in.keys), "BETTER_AUTH_SECRET", "BETTER_AUTH_SECRET_PREVIOUS", "BASE_URL", "JWT_ALGORITHM", "JWT_KEY_ROTATION")
	}
	if in.hasBFF() && c.BFF.BaseURL != nil && c.BFF.BaseURL.Scheme == "https" {
		add("clients", in.clients, "TRUSTED_PROXIES", "BASE_URL")
	}
	if in.hasBFF() && (len(c.BFF.Routes.Audiences()) > 1 || len(c.BFF.Routes.SharedAudiences(c.BFF.Backend)) > 0) {
		add("audiences", in.audiences, "JWT_ALGORITHM", "JWT_AUDIENCE", "ROUTES", "BACKEND_URL")
	}
	add("admin", in.admin, "ADMIN_ADDR")
	if c.ForwardAuthAddr != "" {
		add("forward-auth", in.forwardAuth, "FORWARD_AUTH_ADDR", "TRUSTED_PROXIES")
	}
	if (in.By == settings.ForBFF || in.By == settings.ForServe && c.NetworkAPI) && usesDefaultAPI(c.BFF.Routes) {
		add("backend", in.backend, "BACKEND_URL")
	}
	if len(serversOf(c.BFF.Routes)) > 0 {
		add("upstreams", in.upstreams, "ROUTES")
	}
	if c.API.Algorithm != jose.HS256 && (in.By == settings.ForAPI || in.By == settings.ForServe && c.NetworkJWKS) {
		add("jwks", in.keySet, "JWKS_URL", "BASE_URL", "JWT_ALGORITHM")
	}
	if len(c.API.Issuers) > 0 {
		add("issuers", in.issuers, "JWT_ISSUERS")
	}
	if c.BFF.Mail.Server != nil {
		add("mail", in.mail, "SMTP_URL")
	}
	return checks, in.close
}

func (in *Installation) close() {
	if st := in.opened.Load(); st != nil {
		_ = st.Close() // nothing was written
	}
}

// hasBFF reports whether the command runs a BFF.
func (in *Installation) hasBFF() bool { return in.By != settings.ForAPI }

func (in *Installation) settings(context.Context) (found []Result) {
	for _, f := range in.Faults {
		found = append(found, fromFault(f)...)
	}
	return orElse(found, "all settings are valid")
}

// faulty returns the first of the settings that has a fault, or "".
func (in *Installation) faulty(names ...string) string {
	for _, f := range in.Faults {
		if name := strings.TrimSuffix(f.Setting, "_FILE"); slices.Contains(names, name) {
			return name
		}
	}
	return ""
}

func (in *Installation) unlessFaulty(run func(context.Context) []Result, needs []string) func(context.Context) []Result {
	if name := in.faulty(needs...); name != "" {
		return func(context.Context) []Result { return notChecked(name) }
	}
	return run
}

// notChecked is a warning: what was not checked may be broken too.
func notChecked(setting string) []Result {
	return warning(setting, "must be usable before this can be checked", "cure its failure first")
}

// needsDatabase returns a check that needs the open database. Before the first start there is
// nothing to check in a SQLite database.
func (in *Installation) needsDatabase(run func(context.Context, *store.Store) []Result) func(context.Context) []Result {
	return func(ctx context.Context) []Result {
		st := in.opened.Load()
		switch {
		case in.absent.Load():
			return nil
		case st == nil:
			return notChecked("DATABASE_URL")
		}
		return run(ctx, st)
	}
}

// needsSchema returns a check that needs a migrated database. Before a start that migrates it
// there is nothing to check.
func (in *Installation) needsSchema(run func(context.Context, *store.Store) []Result) func(context.Context) []Result {
	return in.needsDatabase(func(ctx context.Context, st *store.Store) []Result {
		switch in.schema.Load() {
		case schemaPending:
			return nil
		case schemaUnusable:
			return notChecked("DATABASE_URL")
		}
		return run(ctx, st)
	})
}

// openStore opens the database as a start does, with as few connections as possible.
func (in *Installation) openStore(ctx context.Context) (*store.Store, error) {
	st, err := store.OpenWith(ctx, in.Settings.Database.URL, db.Options{MaxConnections: db.MinConnections})
	if err != nil {
		return nil, err
	}
	if own := in.Settings.Database.ListenURL; own != "" && in.faulty("DATABASE_LISTEN_URL") == "" {
		if err := st.ListenAt(own); err != nil {
			_ = st.Close()
			return nil, err
		}
	}
	return st, nil
}
