package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const badQuery = "The request has invalid query parameters."

// titles reads a list and returns the titles of its tasks.
func titles(tb testing.TB, r reply) string {
	tb.Helper()
	var tasks []taskBody
	if err := json.Unmarshal([]byte(r.body), &tasks); err != nil {
		tb.Fatalf("%v in %d %s", err, r.StatusCode, r.body)
	}
	var all []string
	for _, task := range tasks {
		all = append(all, task.Title)
	}
	return strings.Join(all, " ")
}

// next returns the address of the next page, or "".
func next(tb testing.TB, r reply) string {
	tb.Helper()
	link := r.Header.Get("Link")
	if link == "" {
		return ""
	}
	target, ok := strings.CutSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
	if !ok {
		tb.Fatalf("Link: got %q", link)
	}
	return target
}

func TestAListIsFilteredSortedAndPaged(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		for i, title := range []string{"b1", "a2", "d3", "c4", "e5"} {
			s.do(t, "POST", "/api/me/tasks", fmt.Sprintf(`{"title":%q,"completed":%t}`, title, i%2 == 0), token)
			s.do(t, "POST", "/api/me/tasks", `{"title":"his"}`, auth(mint(t, bob)))
		}
		for query, want := range map[string]string{
			"":                                   "b1 a2 d3 c4 e5",
			"sort=title":                         "a2 b1 c4 d3 e5",
			"sort=-title":                        "e5 d3 c4 b1 a2",
			"sort=-created_at":                   "e5 c4 d3 a2 b1",
			"completed=true":                     "b1 d3 e5",
			"completed=false&sort=-title":        "c4 a2",
			"q=3":                                "d3",
			"q=HIS":                              "",
			"q=":                                 "b1 a2 d3 c4 e5",
			"q=%25":                              "",
			"completed=true&q=E&sort=updated_at": "e5",
		} {
			t.Run(query, func(t *testing.T) {
				if got := titles(t, s.do(t, "GET", "/api/me/tasks?"+query, "", token)); got != want {
					t.Errorf("all: got %q, want %q", got, want)
				}
				var pages []string
				path := "/api/me/tasks?limit=2&" + query
				for path != "" {
					page := s.do(t, "GET", path, "", token)
					if got := titles(t, page); got != "" {
						pages = append(pages, got)
					}
					path = next(t, page)
					if path != "" && !strings.HasPrefix(path, "/api/"+ada+"/tasks?") {
						t.Fatalf("Link: got %q", path)
					}
				}
				if got := strings.Join(pages, " "); got != want {
					t.Errorf("pages: got %q, want %q", got, want)
				}
				if n := len(strings.Fields(want)); n > 0 && len(pages) != (n+1)/2 {
					t.Errorf("got %d pages of 2 for %d tasks", len(pages), n)
				}
			})
		}
	})
}

func TestAnInvalidQueryIsRefused(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	for i := range 3 {
		s.do(t, "POST", "/api/me/tasks", fmt.Sprintf(`{"title":"t%d"}`, i), token)
		s.do(t, "POST", "/api/me/tasks", `{"title":"b"}`, auth(mint(t, bob)))
	}
	cursor := func(query, user string) string {
		u, err := url.Parse(next(t, s.do(t, "GET", "/api/me/tasks?limit=1&"+query, "", auth(mint(t, user)))))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("cursor")
	}
	mine := cursor("", ada)
	const limit = "limit: must be a whole number from 1 to 200"
	const foreign = "cursor: is not a cursor of this list; start again without it"
	for _, tc := range []struct {
		query  string
		faults []string
	}{
		{"limit=0", []string{limit}},
		{"limit=-1", []string{limit}},
		{"limit=1e9", []string{limit}},
		{"limit=1000000000", []string{limit}},
		{"limit=abc", []string{limit}},
		{"limit=", []string{limit}},
		{"limit=+5", []string{limit}},
		{"limit=05", []string{limit}},
		{"limit=99999999999999999999", []string{limit}},
		{"limit=1&limit=2", []string{"limit: was given more than once"}},
		{"completed=", []string{"completed: must be true or false"}},
		{"completed=1", []string{"completed: must be true or false"}},
		{"sort=", []string{"sort: must be created_at, updated_at, title, position or due_on, or one of them with - before it"}},
		{"sort=--title", []string{"sort: must be created_at, updated_at, title, position or due_on, or one of them with - before it"}},
		{"sort=user_id", []string{"sort: must be created_at, updated_at, title, position or due_on, or one of them with - before it"}},
		{"sort=id;drop", nil},
		{"due_from=2026-02-30", []string{"due_from: must be a date that exists, from 0001-01-01 to 9999-12-31"}},
		{"due_to=", []string{"due_to: must be a date that exists, from 0001-01-01 to 9999-12-31"}},
		{"due_from=2026-02-03&due_to=2026-02-02", []string{"due_to: must not be before due_from"}},
		{"has_due=1", []string{"has_due: must be true or false"}},
		{"has_due=false&due_from=2026-02-03", []string{"has_due: must not be false with due_from or due_to: leave one of them out"}},
		{"limit=1&due_from=2026-02-03&cursor=" + mine, []string{foreign}},
		{"limit=1&has_due=false&cursor=" + mine, []string{foreign}},
		{"q=%00", []string{"q: must not contain NUL"}},
		{"q=%ff", []string{"q: must be UTF-8"}},
		{"q=" + strings.Repeat("x", 256), []string{"q: must have at most 255 characters"}},
		{"a=1&limit=x&b", []string{limit}},
		{"a&a&limit=x&sort=x&sort=title", []string{"sort: was given more than once", limit, "sort: must be created_at, updated_at, title, position or due_on, or one of them with - before it"}},
		{"q=%zz", nil},
		{"cursor=" + mine, []string{"limit: is required with cursor"}},
		{"limit=1&cursor=", []string{foreign}},
		{"limit=1&cursor=!", []string{foreign}},
		{"limit=1&cursor=" + mine + "A", []string{foreign}},
		{"limit=1&cursor=" + mine[:len(mine)-2], []string{foreign}},
		{"limit=1&cursor=" + flip(mine), []string{foreign}},
		{"limit=1&sort=title&cursor=" + mine, []string{foreign}},
		{"limit=1&completed=true&cursor=" + mine, []string{foreign}},
		{"limit=1&q=t&cursor=" + mine, []string{foreign}},
		{"limit=1&cursor=" + cursor("sort=title", ada), []string{foreign}},
		{"limit=1&cursor=" + cursor("", bob), []string{foreign}},
	} {
		t.Run(tc.query, func(t *testing.T) {
			res := s.do(t, "GET", "/api/me/tasks?"+tc.query, "", token)
			if tc.faults == nil {
				res.isProblem(t, 400, "The query string cannot be read.")
				return
			}
			res.isProblem(t, 422, badQuery, tc.faults...)
		})
	}
	// Unknown parameters are ignored, and are not in the link.
	for _, query := range []string{"utm_source=mail&utm_campaign=", "_=1700000000", "a=1&a=2", "Limit=0", "%ff=%00", "user_id=" + bob} {
		page := s.do(t, "GET", "/api/me/tasks?limit=1&"+query, "", token)
		if page.StatusCode != 200 || next(t, page) != "/api/"+ada+"/tasks?cursor="+mine+"&limit=1" {
			t.Errorf("%s: got %d %s with Link %q", query, page.StatusCode, page.body, page.Header.Get("Link"))
		}
	}
	if got := titles(t, s.do(t, "GET", "/api/me/tasks?limit=200&cursor="+mine, "", token)); got != "t1 t2" {
		t.Errorf("with another limit: got %q, want the rest", got)
	}
}

// flip changes one character of a cursor.
func flip(cursor string) string {
	c := byte('A')
	if cursor[14] == 'A' {
		c = 'B'
	}
	return cursor[:14] + string(c) + cursor[15:]
}

func TestHeadWorksOnAPage(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	for range 2 {
		s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
	}
	res := s.do(t, http.MethodHead, "/api/me/tasks?limit=1", "", token)
	if res.StatusCode != 200 || res.Header.Get("Link") == "" {
		t.Errorf("got %d with Link %q, want 200 with one", res.StatusCode, res.Header.Get("Link"))
	}
}
