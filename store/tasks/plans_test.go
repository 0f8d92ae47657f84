package tasks_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"vestibule/internal/storetest"
	"vestibule/store/tasks"
)

// asked reads the user's tasks in every documented way, and returns the store's statements.
func asked(t *testing.T, d *database, userID string) (statements []tasks.Statement) {
	t.Helper()
	s := open(t, d.URL)                // a separate store, to record its statements
	s.SetSearch(tasks.SearchRows+1, 1) // two pieces are enough here
	s.RecordReads(func(asked tasks.Statement) { statements = append(statements, asked) })
	first := map[tasks.Order]int64{}
	for _, by := range orders {
		for _, completed := range []*bool{nil, new(true), new(false)} {
			for _, descending := range []bool{false, true} {
				for i, due := range []*tasks.Due{nil, nil, tasks.DueBetween("2026-03-01", "2026-03-20"), tasks.NotDue()} {
					if due != nil && by != tasks.ByDue && by != tasks.ByPosition {
						continue
					}
					search := []string{"", "nothing", "", ""}[i]
					q := tasks.Query{By: by, Completed: completed, Descending: descending, Search: search, Due: due}
					places := []*tasks.Position{nil}
					for range 2 { // a cursor in the middle, and one near the end
						page, next, err := storetest.TaskPage(t.Context(), s, userID, q, 50)
						if err != nil {
							t.Fatal(err)
						}
						if len(page) > 0 {
							first[by] = page[0].ID
						}
						if next != nil && i == 0 {
							places = append(places, next, &tasks.Position{Key: farKey(by), ID: 1 << 40})
						}
						q.After = places[len(places)-1]
					}
				}
			}
		}
	}
	for _, id := range first { // by key, with all columns
		if _, err := s.Task(t.Context(), userID, id); err != nil {
			t.Fatal(err)
		}
	}
	return statements
}

func farKey(by tasks.Order) string {
	return map[tasks.Order]string{tasks.ByCreated: "2027-01-01T00:00:00.000Z", tasks.ByUpdated: "2027-01-01T00:00:00.000Z", tasks.ByTitle: "task 5", tasks.ByPosition: "7", tasks.ByDue: "2026-05-05"}[by]
}

// TestNoPlanReadsTasksOfOthers creates 100 000 tasks of other users, and counts the rows
// that PostgreSQL reads for users with many and with few tasks.
func TestNoPlanReadsTasksOfOthers(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[1])
	sizes := map[string]int{"small": 30, "medium": 3000, "large": 7000, "done": 20_000}
	crowd(t, d, 100_000, sizes)
	db := d.Raw(t)
	for user, size := range sizes {
		// Four ranges of a search's piece, or of a page and one more row: by due date, descending.
		// The few tasks of a small user may also be sorted.
		most, inVain := 4*(tasks.SearchRows+1), tasks.LongRows
		if size <= 3000 {
			most, inVain = max(most, size), size
		}
		for _, statement := range asked(t, d, user) {
			plan := explain(t, db, statement)
			if plan.touched() > float64(most) || plan.removed() > float64(inVain) {
				t.Errorf("%s: %v rows are read, %v in vain; want at most %d and %d:\n%s\n%v\n%s",
					user, plan.touched(), plan.removed(), most, inVain, statement.Text, statement.Args, plan.text)
			}
		}
	}
}

// crowd creates the number of tasks in sizes for each user, mixed with tasks of others. The
// user "done" has completed all but one, everybody else one in a thousand.
func crowd(t *testing.T, d *database, others int, sizes map[string]int) {
	t.Helper()
	db := d.Raw(t)
	db.SetMaxOpenConns(1)
	var indexes []string // created again after the rows, which is faster
	if err := db.Select(&indexes, `SELECT 'ALTER TABLE tasks ADD CONSTRAINT tasks_pkey ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'tasks_pkey'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = 'tasks' AND indexname <> 'tasks_pkey'`); err != nil {
		t.Fatal(err)
	}
	statements := []string{
		`SET session_replication_role = replica`, // skips the check of foreign keys for each row
		`SET synchronous_commit = off`,
		`ALTER TABLE tasks SET UNLOGGED`,
		`DO $$ DECLARE i text; BEGIN FOR i IN SELECT indexname FROM pg_indexes WHERE tablename = 'tasks' AND indexname <> 'tasks_pkey' LOOP EXECUTE 'DROP INDEX ' || i; END LOOP; END $$`,
		`ALTER TABLE tasks DROP CONSTRAINT tasks_pkey`,
		`CREATE TEMP TABLE share (place int PRIMARY KEY, name text)`,
	}
	all := others
	for name, n := range sizes {
		statements = append(statements, fmt.Sprintf(`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") VALUES ('%s', '', '%[1]s', true, now(), now())`, name))
		all += n
		statements = append(statements, fmt.Sprintf(`INSERT INTO share SELECT DISTINCT ON (place) (i::bigint * 7919 + %d) %% %d AS place, '%s' FROM generate_series(1, %d) i ON CONFLICT DO NOTHING`, n, others, name, n))
	}
	statements = append(statements, fmt.Sprintf(`INSERT INTO tasks (user_id, title, completed, created_at, updated_at, title_key, title_fold, position, due_on, due_key, folded)
		SELECT u, 't', CASE WHEN u = 'done' THEN i <> (SELECT min(place) FROM share WHERE name = 'done') ELSE i %% 1000 = 0 END, at, at, 'task ' || i %% 1000, 'task', to_hex(i * 16 + 8), CASE WHEN i %% 3 > 0 THEN day END, CASE WHEN i %% 3 > 0 THEN day ELSE '~' END, 1
		FROM (SELECT i, COALESCE(s.name, 'usr_' || i %% 997) AS u, timestamptz '2026-01-01Z' + i * interval '1 second' AS at, '2026-0' || 1 + i %% 9 || '-' || 10 + i %% 17 AS day
			FROM generate_series(1, %d) i LEFT JOIN share s ON s.place = i) AS row ORDER BY i`, others))
	statements = append(statements, indexes...)
	for _, statement := range append(statements, `ANALYZE tasks`) {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// plan is a node in the output of EXPLAIN.
type plan struct {
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Filtered float64 `json:"Rows Removed by Filter"`
	Recheck  float64 `json:"Rows Removed by Index Recheck"`
	Plans    []plan

	text string
}

func explain(t *testing.T, db *sqlx.DB, s tasks.Statement) plan {
	t.Helper()
	var text string
	if err := db.Get(&text, `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) `+db.Rebind(s.Text), s.Args...); err != nil {
		t.Fatalf("%s: %v", s.Text, err)
	}
	var top []struct{ Plan plan }
	if err := json.Unmarshal([]byte(text), &top); err != nil {
		t.Fatal(err)
	}
	top[0].Plan.text = text
	return top[0].Plan
}

// touched is the number of task rows that are read, and removed the number of those that a
// filter removes.
func (p plan) touched() (n float64) {
	if p.Relation == "tasks" {
		n = p.Rows*p.Loops + p.removed()
	}
	for _, below := range p.Plans {
		n += below.touched()
	}
	return n
}

func (p plan) removed() float64 {
	n := (p.Filtered + p.Recheck) * p.Loops
	for _, below := range p.Plans {
		n += below.removed()
	}
	return n
}

var strictRow = regexp.MustCompile(`, \w+\) [<>] \(`)

// TestEveryPageIsARangeOfAnIndex checks SQLite's plans, because SQLite does not report how
// many rows it reads.
func TestEveryPageIsARangeOfAnIndex(t *testing.T) {
	t.Parallel()
	d := migrated(t, variants()[0])
	u, _ := signedUp(t, d)
	manyTasks(t, d, u.ID, 2000)
	db := d.Raw(t)
	for _, statement := range asked(t, d, u.ID) {
		// SQLite would read all tasks again that have the key of the place.
		if strictRow.MatchString(statement.Text) {
			t.Errorf("compares a row with a place: %s", statement.Text)
		}
		var steps []struct {
			ID, Parent, NotUsed int
			Detail              string
		}
		if err := db.Select(&steps, `EXPLAIN QUERY PLAN `+statement.Text, statement.Args...); err != nil {
			t.Fatal(err)
		}
		merged := false
		for i, step := range steps {
			merged = merged || strings.HasPrefix(step.Detail, "CO-ROUTINE")
			switch {
			case strings.HasPrefix(step.Detail, "SEARCH tasks USING INDEX tasks_") && strings.Contains(step.Detail, "(user_id=?"),
				strings.HasPrefix(step.Detail, "SEARCH tasks USING INTEGER PRIMARY KEY"):
			case strings.HasSuffix(step.Detail, " tasks"), strings.Contains(step.Detail, " tasks "):
				t.Errorf("not from an index of the user: %s\n%s", step.Detail, statement.Text)
			case strings.Contains(step.Detail, "B-TREE"):
				// The two ranges are sorted again; each has the length of a page.
				if !merged || !strings.HasPrefix(steps[i-1].Detail, "SCAN ") {
					t.Errorf("%s\n%s", step.Detail, statement.Text)
				}
			}
		}
	}
}
