package migrations_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"vestibule/migrations"
)

func oneFile(text string) fs.FS {
	return fstest.MapFS{"00001_x.sql": {Data: []byte(text)}}
}

func TestAMigrationIsSplitIntoStatements(t *testing.T) {
	t.Parallel()
	const text = `-- compatible-with: none
-- +goose NO TRANSACTION

-- +goose Up
-- About the first one.
CREATE TABLE a (
    id int -- not the end;

    -- and a comment
); -- the end
SELECT 1; SELECT 2;
` + "SELECT ';' -- 3\r\n;\r\n" + `
-- +goose StatementBegin
CREATE FUNCTION f() AS $$
BEGIN
    SELECT 1;

    SELECT 2;
END $$;
-- +goose StatementEnd
-- Nothing follows.
-- +goose Down
-- +goose StatementBegin
DROP TABLE a
-- +goose StatementEnd
DROP FUNCTION f;`
	f, err := migrations.Read(oneFile(text), "00001_x.sql")
	if err != nil {
		t.Fatal(err)
	}
	up := []string{
		"CREATE TABLE a (\n    id int -- not the end;\n\n    -- and a comment\n); -- the end",
		"SELECT 1; SELECT 2;",
		"SELECT ';' -- 3\n;",
		"CREATE FUNCTION f() AS $$\nBEGIN\n    SELECT 1;\n\n    SELECT 2;\nEND $$;",
	}
	if down := []string{"DROP TABLE a", "DROP FUNCTION f;"}; !slices.Equal(f.Up, up) || !slices.Equal(f.Down, down) || !f.NoTransaction {
		t.Errorf("got %+v, want %q, %q, without a transaction", f, up, down)
	}
}

func TestAMalformedMigrationIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "Up is missing",
		"-- only a comment\n-- +goose NO TRANSACTION\n":                                 "Up is missing",
		"SELECT 1;\n-- +goose Up\n":                                                     "line 1: SQL before",
		"-- +goose Down\nSELECT 1;\n":                                                   "line 1: unknown or at the wrong place: -- +goose Down",
		"-- +goose StatementBegin\n":                                                    "line 1: unknown or at the wrong place",
		"-- +goose Up\n-- +goose Up\n":                                                  "line 2: unknown or at the wrong place",
		"-- +goose Up\n-- +goose Down\n-- +goose Down\n":                                "line 3: unknown or at the wrong place",
		"-- +goose Up\n-- +goose Down\n-- +goose Up\n":                                  "line 3: unknown or at the wrong place",
		"-- +goose Up\n-- +goose ENVSUB ON\n":                                           "line 2: unknown or at the wrong place",
		"-- +goose up\n":                                                                "line 1: unknown or at the wrong place",
		" -- +goose Up\n":                                                               "line 1: unknown or at the wrong place",
		"--+goose Up\n":                                                                 "line 1: unknown or at the wrong place",
		"-- +goose Up\n-- +goose StatementEnd\n":                                        "line 2: -- +goose StatementEnd without a statement",
		"-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementEnd\n":              "line 3: -- +goose StatementEnd without a statement",
		"-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n":                           "StatementEnd is missing",
		"-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementBegin\n": "line 4: -- +goose StatementBegin: -- +goose StatementEnd is missing",
		"-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose Down\n-- +goose StatementEnd": "line 4: -- +goose Down: -- +goose StatementEnd is missing",
		"-- +goose Up\nSELECT 1\n":                           "end of the file: unfinished statement",
		"-- +goose Up\nSELECT 1 -- ;\n-- +goose Down\n":      "line 3: -- +goose Down: unfinished statement, is a semicolon missing? SELECT 1 -- ;",
		"-- +goose Up\nSELECT 1\n-- +goose StatementBegin\n": "line 3: -- +goose StatementBegin: unfinished statement",
		"-- +goose Up\n-- +goose Down\nSELECT 1\n":           "end of the file: unfinished statement",
	} {
		for what, read := range map[string]func(fs.FS) error{
			"Read":          func(f fs.FS) error { _, err := migrations.Read(f, "00001_x.sql"); return err },
			"Created":       func(f fs.FS) error { _, err := migrations.Created(f, "00001_x.sql"); return err },
			"CreateTrigger": func(f fs.FS) error { _, err := migrations.CreateTrigger(f, "t"); return err },
		} {
			if err := read(oneFile(text)); err == nil || !strings.HasPrefix(err.Error(), "00001_x.sql: ") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s of %q: got error %v, want the file's name and %q", what, text, err, want)
			}
		}
	}
}

func TestOurFilesAreReadAsGooseReadsThem(t *testing.T) {
	t.Parallel()
	for engine, fsys := range engines() {
		for _, name := range names(t, fsys) {
			text, err := fs.ReadFile(fsys, name)
			if err != nil {
				t.Fatal(err)
			}
			ours, err := migrations.Read(fsys, name)
			if err != nil {
				t.Errorf("%s: %v", engine, err)
			}
			if goose := readByGoose(t, oneFile(string(text))); !sameFile(ours, goose) {
				t.Errorf("%s/%s: got %+v, but goose reads %+v", engine, name, ours, goose)
			}
		}
	}
}

func sameFile(a, b migrations.File) bool {
	return slices.Equal(a.Up, b.Up) && slices.Equal(a.Down, b.Down) && a.NoTransaction == b.NoTransaction
}

// goose begins a statement with such a line, and then keeps the comments before the SQL.
var onlySpace = regexp.MustCompile(`(?m)^[\pZ\t\v\f\r\x{85}]+$`)

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n",
		"-- +goose NO TRANSACTION\r\n-- +goose Up\r\n-- +goose StatementBegin\r\nDO $$ a; $$\r\n-- +goose StatementEnd\r\n",
		"-- +goose Up\nSELECT ';' -- ;\n;\n-- +goose Down",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ours, err := migrations.Read(oneFile(text), "00001_x.sql")
		if err != nil {
			return
		}
		rest := strings.ReplaceAll(text, "\r\n", "\n")
		for _, statement := range slices.Concat(ours.Up, ours.Down) {
			_, after, found := strings.Cut(rest, statement)
			if statement == "" || !found {
				t.Fatalf("statement %q is not in %q, or not in the order of the file", statement, text)
			}
			rest = after
		}
		if onlySpace.MatchString(text) {
			return
		}
		if goose := readByGoose(t, oneFile(text)); !sameFile(ours, goose) {
			t.Errorf("%q: got %+v, but goose reads %+v", text, ours, goose)
		}
	})
}
