package settings

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// bound is one row of the bounds tables in docs/operations.md.
type bound struct{ what, by, value, setting, beyond string }

// boundsHead is the header line of each bounds table.
const boundsHead = "| what | counted by | default | setting | beyond it |\n"

// bounds reads the bounds tables in docs/operations.md. An empty first cell repeats the
// cell above it.
func bounds(t *testing.T) (rows []bound) {
	t.Helper()
	content, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(content), "\n## Bounds\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("docs/operations.md has no section about bounds")
	}
	begun := false // whether the current table has a row already
	for line := range strings.Lines(section) {
		if line == boundsHead || strings.HasPrefix(line, "|---") {
			begun = false
			continue
		}
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|\n"), "|")
		if len(cells) != 5 {
			t.Errorf("%q has %d cells, want 5", line, len(cells))
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[0] == "" && begun {
			cells[0] = rows[len(rows)-1].what
		}
		begun = true
		rows = append(rows, bound{cells[0], cells[1], cells[2], cells[3], cells[4]})
	}
	if len(rows) == 0 {
		t.Fatal("docs/operations.md has no tables of bounds")
	}
	return rows
}

var (
	quotedName = regexp.MustCompile("`([A-Z][A-Z_]+)`")
	statusCode = regexp.MustCompile(`\b[45]\d\d\b`)
)

// serverStatuses lists the statuses that net/http sends itself, before any handler.
var serverStatuses = []string{"431"}

// TestTheBoundsTableMatchesTheCode compares each row with the settings, their defaults,
// and the responses in the OpenAPI documents.
func TestTheBoundsTableMatchesTheCode(t *testing.T) {
	settings := map[string]setting{}
	for _, g := range schema {
		for _, s := range g.settings {
			settings[s.name] = s
		}
	}
	var documents string
	for _, name := range []string{"../../bff/openapi.json", "../../api/openapi.json"} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		documents += string(content)
	}
	for _, row := range bounds(t) {
		if row.what == "" || row.by == "" || row.value == "" || row.beyond == "" {
			t.Errorf("%+v lacks a cell", row)
		}
		named := quotedName.FindAllStringSubmatch(row.setting, -1)
		if row.setting != "" && len(named) == 0 {
			t.Errorf("%s: %q names no setting", row.what, row.setting)
		}
		for _, name := range named {
			s, known := settings[name[1]]
			if !known {
				t.Errorf("%s: there is no setting %s", row.what, name[1])
			}
			plain := strings.ReplaceAll(row.value, " ", "")
			if s.value != "" && s.value != "on" && !strings.Contains(plain, s.value) && !strings.Contains(row.value, "of the total") {
				t.Errorf("%s: got default %q, but %s has the default %s", row.what, row.value, s.name, s.value)
			}
		}
		for _, status := range statusCode.FindAllString(row.beyond, -1) {
			if !slices.Contains(serverStatuses, status) && !strings.Contains(documents, `"`+status+`": {`) {
				t.Errorf("%s: no OpenAPI document has the status %s", row.what, status)
			}
		}
		for _, code := range quotedName.FindAllStringSubmatch(row.beyond, -1) {
			if !strings.Contains(documents, `"`+code[1]+`"`) {
				t.Errorf("%s: no OpenAPI document has the code %s", row.what, code[1])
			}
		}
	}
}

// Every setting that is a number or a size limits something, with the exceptions in
// notLimits.
func TestEveryNumericSettingIsInTheBoundsTable(t *testing.T) {
	notLimits := []string{"PASSWORD_MIN_LENGTH"}
	var listed strings.Builder
	for _, row := range bounds(t) {
		listed.WriteString(row.setting)
	}
	for _, g := range schema {
		for _, s := range g.settings {
			if (s.arg == "N" || s.arg == "SIZE") && !slices.Contains(notLimits, s.name) && !strings.Contains(listed.String(), "`"+s.name+"`") {
				t.Errorf("%s has no row in the bounds of docs/operations.md", s.name)
			}
		}
	}
}

// Every file that creates a limiter, a cache or a connection pool is listed here with
// its row in the bounds tables.
func TestEveryLimiterAndCacheIsInTheBoundsTable(t *testing.T) {
	rows := map[string]string{ // file → start of the first cell of its row
		"api/api.go":                          "bodies of the task API in memory",
		"api/feed.go":                         "open event streams at the task API",
		"api/writes.go":                       "writes of tasks that run at the same time",
		"api/bearer/verified.go":              "verified tokens in memory",
		"api/searches.go":                     "concurrent searches (`q`)",
		"api/maxrequests.go":                  "requests at the task API",
		"bff/bff.go":                          "bodies under `/api/auth/` in memory",
		"bff/concurrency.go":                  "requests to `/api/auth/*` and of forward auth in progress",
		"bff/frontend/files.go":               "files of the app in memory",
		"bff/password/gate.go":                "passwords hashed at the same time",
		"bff/proxy/maxrequests.go":            "proxied requests in progress",
		"bff/delayrefusals.go":                "delayed refusals",
		"bff/session/cache.go":                "sessions in memory",
		"bff/session/endedcache.go":           "remembered blocks; refused clients; ended sessions",
		"bff/session/tokens.go":               "tokens of sessions in memory",
		"bff/session/streams.go":              "open streams through the proxy",
		"bff/throttle/memory.go":              "remembered blocks",
		"bff/throttle/take.go":                "attempts counted at the same time",
		"internal/openstreams/openstreams.go": "new streams that wait for a place",
		"internal/web/address.go":             "requests to the BFF that come through",
		"internal/web/bodies.go":              "bodies under `/api/auth/` in memory",
		"internal/web/connections.go":         "connections to the BFF and to the API",
		"bff/session/lookups.go":              "session look-ups in the database",
		"store/db/pools.go":                   "connections to the database",
		"store/db/sqlite.go":                  "connections to the database",
	}
	created := regexp.MustCompile(`\b(fair\.New|openstreams\.New|web\.NewBodies|\w*lru\.New\w*(\[.*?\])?|expirable\.NewLRU|\w+\.SetMaxOpenConns)\(`)
	creates := func(line string) bool { // the expression is slow, so few lines get to it
		return (strings.Contains(line, ".New") || strings.Contains(line, ".SetMaxOpenConns")) && created.MatchString(line)
	}
	table := bounds(t)
	for _, root := range []string{"api", "bff", "internal", "store"} {
		err := filepath.WalkDir("../../"+root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil || !slices.ContainsFunc(strings.Split(string(content), "\n"), creates) {
				return err
			}
			name := filepath.ToSlash(strings.TrimPrefix(path, "../../"))
			start, listed := rows[name]
			if !listed {
				t.Errorf("%s creates a limiter or a cache; add the file to this test, and a row to the bounds in docs/operations.md", name)
				return nil
			}
			delete(rows, name)
			if !slices.ContainsFunc(table, func(b bound) bool { return strings.HasPrefix(b.what, start) }) {
				t.Errorf("%s: no row in docs/operations.md starts with %q", name, start)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range rows {
		t.Errorf("%s creates no limiter or cache; remove it from this test", name)
	}
}
