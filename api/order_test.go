package api

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestibule/store/tasks"
)

// TestASeedClientSeesTheSeedsMembers: a task of which nobody has set a new member looks as in
// the quickstart, in an answer, in a list and in an event.
func TestASeedClientSeesTheSeedsMembers(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		stream := s.watchAt(t, "/api/me/tasks/events", token)
		s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
		const members = `"id":1,"user_id":"` + ada + `","title":"a","description":null,"completed":%t,"created_at":"2026-02-03T12:00:00.000Z","updated_at":"2026-02-03T12:00:00.000Z"`
		task := func(completed bool, more string) string { return "{" + fmt.Sprintf(members, completed) + more + "}" }
		s.do(t, "GET", "/api/me/tasks/1", "", token).is(t, 200, task(false, ""))
		s.do(t, "GET", "/api/me/tasks", "", token).is(t, 200, "["+task(false, "")+"]")
		for _, change := range []struct{ method, path, body, want string }{
			{"PATCH", "/1", `{"due_on":"2026-02-14"}`, task(false, `,"due_on":"2026-02-14"`)},
			{"PUT", "/1", `{"title":"a"}`, task(false, `,"due_on":"2026-02-14"`)},
			{"PUT", "/1", `{"position":"5c8"}`, task(false, `,"due_on":"2026-02-14","position":"5c8"`)},
			{"PATCH", "/1/complete", ``, task(true, `,"due_on":"2026-02-14","position":"5c8"`)},
			{"PUT", "/1", task(false, `,"due_on":"2026-02-14","position":"5c8"`), task(false, `,"due_on":"2026-02-14","position":"5c8"`)},
			{"PATCH", "/1", `{"due_on":null}`, task(false, `,"position":"5c8"`)},
			{"PATCH", "/1", `{"position":null}`, task(false, "")},
			{"PATCH", "/1", `{"position":"` + tasks.FirstPosition(exampleTime) + `"}`, task(false, "")},
		} {
			s.do(t, change.method, "/api/me/tasks"+change.path, change.body, token).is(t, 200, change.want)
		}
		s.do(t, "PATCH", "/api/me/tasks/7", `{"position":null}`, token).isProblem(t, 404, "Task not found")
		stream.next(t)
		for i, want := range []string{event(1, "task.created", task(false, "")), event(2, "task.updated", task(false, `,"due_on":"2026-02-14"`))} {
			if got := stream.next(t); got != want {
				t.Errorf("event %d: got %s, want %s", i+1, got, want)
			}
		}
	})
}

func TestBadDatesAndPositionsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	s.do(t, "POST", "/api/me/tasks", `{"title":"a","due_on":null,"position":null}`, token)
	const date = "due_on: must be a date that exists, from 0001-01-01 to 9999-12-31, or null"
	const position = "position: must have 1 to 64 of the characters 0-9 and a-f, must not end in 0, or must be null"
	for value, want := range map[string]string{
		`"due_on":"2026-02-30"`: date, `"due_on":"2025-02-29"`: date, `"due_on":"0000-01-01"`: date, `"due_on":"10000-01-01"`: date, `"due_on":"2026-2-3"`: date,
		`"due_on":"2026-02-03T00:00:00Z"`: date, `"due_on":"20260203"`: date, `"due_on":""`: date, `"due_on":" 2026-02-03"`: date, `"due_on":"-001-01-01"`: date,
		`"due_on":20260203`: "due_on: expected string, received number",
		`"position":""`:     position, `"position":"0"`: position, `"position":"80"`: position, `"position":"A"`: position, `"position":"g"`: position, `"position":"0x1"`: position,
		`"position":"` + strings.Repeat("f", 65) + `"`: position, `"position":"٣"`: position,
		`"position":1`: "position: expected string, received number",
	} {
		s.do(t, "POST", "/api/me/tasks", `{"title":"a",`+value+`}`, token).isProblem(t, 422, "The request has invalid fields.", want)
		for _, method := range []string{"PUT", "PATCH"} {
			s.do(t, method, "/api/me/tasks/1", `{`+value+`}`, token).isProblem(t, 422, "The request has invalid fields.", want)
		}
	}
	for _, value := range []string{`"due_on":"0001-01-01"`, `"due_on":"9999-12-31"`, `"due_on":"2024-02-29"`, `"position":"1"`, `"position":"0000000000000001"`, `"position":"` + strings.Repeat("f", 64) + `"`} {
		if res := s.do(t, "PATCH", "/api/me/tasks/1", `{`+value+`}`, token); res.StatusCode != 200 {
			t.Errorf("%s: got %d %s", value, res.StatusCode, res.body)
		}
	}
}

func TestAListHasTheUsersOwnOrderAndDates(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		for _, task := range []string{
			`{"title":"plain"}`, `{"title":"top","position":"1"}`, `{"title":"today","due_on":"2026-02-03","position":"fff1"}`,
			`{"title":"late","due_on":"2026-02-02","position":"fff"}`, `{"title":"soon","due_on":"2026-02-04","completed":true,"position":"fff01"}`,
		} {
			if res := s.do(t, "POST", "/api/me/tasks", task, token); res.StatusCode != 201 {
				t.Fatalf("got %d %s", res.StatusCode, res.body)
			}
		}
		for query, want := range map[string]string{
			"sort=position":                         "top plain late soon today",
			"sort=-position":                        "today soon late plain top",
			"sort=due_on":                           "late today soon plain top",
			"sort=-due_on":                          "soon today late top plain",
			"due_from=2026-02-03&due_to=2026-02-03": "today",
			"due_to=2026-02-02&sort=position":       "late",
			"due_from=2026-02-03&sort=-position":    "today soon",
			"has_due=true&completed=false":          "today late",
			"has_due=false&sort=title":              "plain top",
			"has_due=true&due_from=2026-02-04":      "soon",
			"has_due=true&q=LATE":                   "late",
			"has_due=false&q=a&sort=due_on":         "plain",
		} {
			var got []string
			for path := "/api/me/tasks?limit=2&" + query; path != ""; {
				page := s.do(t, "GET", path, "", token)
				if some := titles(t, page); some != "" {
					got = append(got, some)
				}
				path = next(t, page)
			}
			if all := titles(t, s.do(t, "GET", "/api/me/tasks?"+query, "", token)); all != want || strings.Join(got, " ") != want {
				t.Errorf("%s: got %q, and in pages %q, want %q", query, all, got, want)
			}
		}
	})
}

// TestARepeatIsTheSameTask: what identifies a request has the new members.
func TestARepeatIsTheSameTask(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := with(auth(mint(t, ada)), "Idempotency-Key", "k")
	first := s.do(t, "POST", "/api/me/tasks", `{"title":"a","due_on":"2026-02-14","position":"5c8"}`, token)
	if again := s.do(t, "POST", "/api/me/tasks", `{"position":"5c8","title":"a","due_on":"2026-02-14"}`, token); again.body != first.body || again.Header.Get("Idempotency-Replayed") == "" {
		t.Errorf("got %s, want the first answer %s", again.body, first.body)
	}
	for _, other := range []string{`{"title":"a","due_on":"2026-02-15","position":"5c8"}`, `{"title":"a","due_on":"2026-02-14"}`} {
		s.do(t, "POST", "/api/me/tasks", other, token).isProblem(t, 422, "The request has invalid fields.", "Idempotency-Key: was used for another request; use a new one")
	}
}

// FuzzOrder: dates and positions that are accepted have one spelling, and their documented
// patterns and the calendar of another parser say the same.
func FuzzOrder(f *testing.F) {
	for _, seed := range []string{"2026-02-03", "2024-02-29", "0000-01-01", "5c8", "0", "f0", "\n1", "2026-02-03\n"} {
		f.Add(seed)
	}
	dates, positions := regexp.MustCompile(datePattern), regexp.MustCompile(positionPattern)
	f.Fuzz(func(t *testing.T, text string) {
		if isDate(text) {
			var day time.Time
			if err := json.Unmarshal([]byte(`"`+text+`T00:00:00Z"`), &day); err != nil || !dates.MatchString(text) || day.Year() < 1 {
				t.Errorf("accepted the date %q: %v", text, err)
			}
		}
		if isPosition(text) != (positions.MatchString(text) && len(text) <= maxPosition) {
			t.Errorf("position %q: got %t, which its pattern does not say", text, isPosition(text))
		}
	})
}
