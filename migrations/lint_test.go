package migrations

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"
)

// lintedFrom is the first migration that was written for these rules.
const lintedFrom = 21

// lint returns what in a migration for PostgreSQL would stop traffic. It looks only at what
// is applied, not at the way back, and not into the bodies of functions and DO blocks.
func lint(text string) (mistakes []string) {
	f, err := parse(text)
	if err != nil {
		return []string{err.Error()}
	}
	created := map[string]bool{} // tables of this migration, which nobody uses yet
	dropped := map[string]bool{}
	for _, statement := range f.up() {
		if len(statement) == 0 {
			continue
		}
		if mistake := lintStatement(statement, f.NoTransaction, created, dropped); mistake != "" {
			mistakes = append(mistakes, mistake)
		}
	}
	return mistakes
}

// starts reports whether the statement begins with the words of one of the heads.
func starts(statement []word, heads ...string) bool {
	return slices.ContainsFunc(heads, func(head string) bool {
		for i, w := range strings.Fields(head) {
			if i >= len(statement) || !statement[i].is(w) {
				return false
			}
		}
		return true
	})
}

func lintStatement(statement []word, alone bool, created, dropped map[string]bool) string {
	r := &reader{statement}
	switch {
	case starts(statement, "create index concurrently", "create unique index concurrently"):
		r.skip("create", "unique", "index", "concurrently")
		switch name, _ := r.name(); {
		case !alone:
			return "CREATE INDEX CONCURRENTLY needs -- +goose NO TRANSACTION"
		case !dropped[name]:
			return "DROP INDEX CONCURRENTLY IF EXISTS " + name + " must come first: a failed attempt leaves an invalid index"
		}
	case starts(statement, "drop index concurrently if exists"):
		r.skip("drop", "index", "concurrently", "if", "exists")
		name, _ := r.name()
		dropped[name] = true
		if !alone {
			return "DROP INDEX CONCURRENTLY needs -- +goose NO TRANSACTION"
		}
	case starts(statement, "do"):
		if !alone {
			return "a DO block for batches needs -- +goose NO TRANSACTION"
		}
	case starts(statement, "select"):
	case alone:
		return "without a transaction only indexes and DO blocks can be repeated: move the rest into another file"
	case starts(statement, "create table"):
		r.skip("create", "table", "if", "not", "exists")
		name, _ := r.name()
		created[name] = true
	case starts(statement, "create index", "create unique index"):
		on := slices.IndexFunc(statement, func(w word) bool { return w.is("on") })
		if table, _ := (&reader{statement[on+1:]}).name(); !created[table] {
			return "an index of the existing table " + table + " must be built CONCURRENTLY"
		}
	case starts(statement, "alter table"):
		r.skip("alter", "table", "if", "exists", "only")
		if table, _ := r.name(); !created[table] {
			return lintActions(r.left)
		}
	case starts(statement, "create trigger", "create function", "create or replace function", "create sequence", "drop trigger", "drop function", "drop table", "insert", "comment",
		"alter function", "revoke all on function"):
	default:
		return "not known to be harmless: " + statement[0].text + " (rewrite rows in batches)"
	}
	return ""
}

// harmless are actions of ALTER TABLE that only change the catalog.
var harmless = []string{"drop column", "drop constraint", "set (", "validate constraint", "enable always trigger"}

func lintActions(actions []word) string {
	for _, action := range split(actions, ",") {
		last := len(action) - 1
		switch {
		case starts(action, harmless...):
		case starts(action, "add constraint") && last > 1 && action[last-1].is("not") && action[last].is("valid"):
		case starts(action, "add column") && plainColumn(action):
		case starts(action, "alter column") && len(action) > 3 && starts(action[3:], "set default", "drop default", "drop not null"):
		default:
			return "not known to be harmless on an existing table: ALTER TABLE … " + strings.Join(texts(action), " ")
		}
	}
	return ""
}

// plainColumn reports whether the rows need not be rewritten or read for a new column.
func plainColumn(action []word) bool {
	constant := true
	for i, w := range action {
		if w.is("default") && slices.ContainsFunc(action[i:], func(w word) bool { return w.is("(") }) {
			constant = false // a function may be volatile
		}
		for _, constraint := range []string{"unique", "primary", "references", "check", "generated", "serial", "bigserial"} {
			if w.is(constraint) {
				return false
			}
		}
	}
	return constant
}

func texts(all []word) (list []string) {
	for _, w := range all {
		list = append(list, w.text)
	}
	return list
}

func TestNewMigrationsStopNoTraffic(t *testing.T) {
	t.Parallel()
	for engine, fsys := range map[string]fs.FS{"postgres": Postgres(), "sqlite": SQLite()} {
		files, err := fs.Glob(fsys, "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			version, err := goose.NumericComponent(file)
			if err != nil {
				t.Fatal(err)
			}
			text, err := fs.ReadFile(fsys, file)
			if err != nil {
				t.Fatal(err)
			}
			if version > RecordedSince && !strings.Contains("\n"+string(text), "\n"+compatibleMark) {
				t.Errorf("%s/%s: does not say “%s …”; see CONTRIBUTING.md", engine, file, compatibleMark)
			}
			if oldest, err := CompatibleWith(fsys, file); err != nil || oldest >= version {
				t.Errorf("%s/%s: is compatible with %d, error %v; want an older version or none", engine, file, oldest, err)
			}
			if version < lintedFrom || engine == "sqlite" {
				continue
			}
			for _, mistake := range lint(string(text)) {
				t.Errorf("%s/%s: %s; see CONTRIBUTING.md", engine, file, mistake)
			}
		}
	}
}

func TestMigrationsThatWouldStopTrafficAreRefused(t *testing.T) {
	t.Parallel()
	for sql, refused := range map[string]bool{
		`CREATE TABLE x (id int); CREATE INDEX x_idx ON x (id); ALTER TABLE x ADD PRIMARY KEY (id)`: false,
		`CREATE INDEX s_idx ON session (id)`:                                                                                 true,
		`CREATE UNIQUE INDEX s_idx ON "user" (id)`:                                                                           true,
		`CREATE INDEX CONCURRENTLY s_idx ON session (id)`:                                                                    true,
		"-- +goose NO TRANSACTION\nCREATE INDEX CONCURRENTLY s_idx ON session (id)":                                          true,
		"-- +goose NO TRANSACTION\nDROP INDEX CONCURRENTLY IF EXISTS other; CREATE INDEX CONCURRENTLY s_idx ON session (id)": true,
		"-- +goose NO TRANSACTION\nDROP INDEX CONCURRENTLY IF EXISTS s_idx; CREATE INDEX CONCURRENTLY s_idx ON session (id)": false,
		`DROP INDEX CONCURRENTLY IF EXISTS s_idx`:                                                                            true,
		"-- +goose NO TRANSACTION\nDO $$ BEGIN UPDATE session SET id = id; END $$":                                           false,
		`DO $$ BEGIN UPDATE session SET id = id; END $$`:                                                                     true,
		"-- +goose NO TRANSACTION\nALTER TABLE session ADD COLUMN x int":                                                     true,
		`ALTER TABLE session ADD COLUMN x text`:                                                                              false,
		`ALTER TABLE session ADD COLUMN x numeric(3, 2) NOT NULL DEFAULT 0`:                                                  false,
		`ALTER TABLE session ADD COLUMN x text NOT NULL DEFAULT ''`:                                                          false,
		`ALTER TABLE session ADD COLUMN x uuid DEFAULT gen_random_uuid()`:                                                    true,
		`ALTER TABLE session ADD COLUMN x text, ADD COLUMN y float DEFAULT random()`:                                         true,
		`ALTER TABLE session ADD COLUMN x bigserial`:                                                                         true,
		`ALTER TABLE session ADD COLUMN x text UNIQUE`:                                                                       true,
		`ALTER TABLE session ADD COLUMN x int REFERENCES other (id)`:                                                         true,
		`ALTER TABLE session ALTER COLUMN id TYPE text`:                                                                      true,
		`ALTER TABLE session ALTER COLUMN id SET DATA TYPE text`:                                                             true,
		`ALTER TABLE session ALTER COLUMN id SET NOT NULL`:                                                                   true,
		`ALTER TABLE session ALTER COLUMN id DROP NOT NULL, ALTER COLUMN x SET DEFAULT 1`:                                    false,
		`ALTER TABLE session ADD CONSTRAINT c CHECK (id <> '')`:                                                              true,
		`ALTER TABLE session ADD CONSTRAINT c CHECK (id <> '') NOT VALID`:                                                    false,
		`ALTER TABLE session VALIDATE CONSTRAINT c`:                                                                          false,
		`ALTER TABLE session ADD PRIMARY KEY (id)`:                                                                           true,
		`ALTER TABLE session SET (fillfactor = 50)`:                                                                          false,
		`ALTER TYPE mood ADD VALUE 'x'`:                                                                                      true,
		`UPDATE session SET id = id`:                                                                                         true,
		`DELETE FROM session`:                                                                                                true,
		`LOCK TABLE session`:                                                                                                 true,
		`TRUNCATE session`:                                                                                                   true,
		`VACUUM FULL session`:                                                                                                true,
		`REINDEX TABLE session`:                                                                                              true,
		`CREATE MATERIALIZED VIEW v AS SELECT 1`:                                                                             true,
		`CREATE TRIGGER t AFTER DELETE ON session FOR EACH ROW EXECUTE FUNCTION f()`:                                         false,
		`ALTER TABLE session ENABLE ALWAYS TRIGGER t, ENABLE ALWAYS TRIGGER u`:                                               false,
		`ALTER TABLE session DISABLE TRIGGER t`:                                                                              true,
		`ALTER FUNCTION f() SECURITY DEFINER`:                                                                                false,
		`REVOKE ALL ON FUNCTION f() FROM PUBLIC`:                                                                             false,
		`REVOKE ALL ON session FROM PUBLIC`:                                                                                  true,
	} {
		if got := lint("-- +goose Up\n" + sql + ";\n-- +goose Down\nUPDATE session SET id = id;\n"); len(got) > 0 != refused {
			t.Errorf("%s: got %q, want refused %t", sql, got, refused)
		}
	}
}

func TestTheCompatibilityOfAMigrationIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"-- compatible-with: 23\n-- +goose Up\n": 23, "-- compatible-with: none\n": 0, "-- +goose Up\n": 0,
		"-- compatible-with: 0\n": -1, "-- compatible-with: soon\n": -1, "-- compatible-with:\n": -1,
	} {
		got, err := CompatibleWith(fstest.MapFS{"x.sql": {Data: []byte(text)}}, "x.sql")
		if got != max(want, 0) || (err != nil) != (want < 0) {
			t.Errorf("%q: got %d, error %v, want %d", text, got, err, want)
		}
	}
}
