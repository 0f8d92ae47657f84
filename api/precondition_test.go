package api

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func with(header http.Header, name string, values ...string) http.Header {
	h := header.Clone()
	h[name] = values
	return h
}

func TestATaskHasAStrongETagThatChangesWithIt(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		step := func(method, path, body, want string) {
			t.Helper()
			res := s.do(t, method, path, body, token)
			if got := res.Header.Get("ETag"); got != want || res.StatusCode >= 300 {
				t.Errorf("%s %s: got %d with ETag %s, want %s", method, path, res.StatusCode, got, want)
			}
		}
		step("POST", "/api/me/tasks", `{"title":"a"}`, `"1"`)
		step("GET", "/api/me/tasks/1", "", `"1"`)
		step("PUT", "/api/me/tasks/1", `{"title":"b"}`, `"2"`)
		step("PATCH", "/api/me/tasks/1", `{}`, `"2"`)
		step("PATCH", "/api/me/tasks/1/complete", "", `"3"`)
		step("HEAD", "/api/me/tasks/1", "", `"3"`)
	})
}

func TestAKnownTaskIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
	for _, tc := range []struct {
		value string
		want  int
	}{
		{`"1"`, 304}, {`W/"1"`, 304}, {`"0", "1"`, 304}, {`*`, 304}, {`"0",, W/"1" ,`, 304},
		{`"1-gzip"`, 304}, {`W/"1-br"`, 304}, {`"0", "1--zstd"`, 304},
		{`"1-"`, 200}, {`"1-x"`, 200}, {`"0-gzip"`, 200}, {`"1-gzip-gzip"`, 200},
		{`"0"`, 200}, {`"2"`, 200}, {`"01"`, 200}, {`1`, 200}, {`"1`, 200}, {``, 200}, {`"1" "2"`, 200},
	} {
		res := s.do(t, "GET", "/api/me/tasks/1", "", with(token, "If-None-Match", tc.value))
		if res.StatusCode != tc.want || res.Header.Get("ETag") != `"1"` || (tc.want == 304) != (res.body == "") {
			t.Errorf("If-None-Match: %s: got %d, ETag %s, body %q; want %d", tc.value, res.StatusCode, res.Header.Get("ETag"), res.body, tc.want)
		}
	}
	s.do(t, "GET", "/api/me/tasks/2", "", with(token, "If-None-Match", "*")).isProblem(t, 404, "Task not found")
}

func TestAChangeMeantForAnotherVersionIsRefused(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
		s.do(t, "PUT", "/api/me/tasks/1", `{"title":"b"}`, token) // "2"
		requests := []struct{ method, path, body string }{
			{"PUT", "/api/me/tasks/1", `{"title":"c"}`}, {"PATCH", "/api/me/tasks/1", `{"title":"c"}`}, {"PUT", "/api/me/tasks/1", `{}`},
			{"PATCH", "/api/me/tasks/1/complete", ""}, {"DELETE", "/api/me/tasks/1", ""},
		}
		for _, r := range requests {
			for _, stale := range []string{
				`"1"`, `"3"`, `W/"1"`, `"1-gzip"`, `W/"3-br"`, `"1", "3"`, `"x"`, `"02"`, `""`,
				`"2-"`, `"2-x"`, `"2gzip"`, `"2-GZIP"`, `"-gzip"`, `"2-gzip-gzip"`, `"2---gzip"`, `"gzip-2"`, `"-2"`, `"+2"`, `"2;gzip"`,
			} {
				s.do(t, r.method, r.path, r.body, with(token, "If-Match", stale)).isProblem(t, 412, "The task has changed since it was read")
			}
			for _, malformed := range []string{``, `2`, `"2`, `"2" "3"`, `,`, `*, "2"`, `"a b"`, strings.Repeat(`"1",`, 101)} {
				s.do(t, r.method, r.path, r.body, with(token, "If-Match", malformed)).
					isProblem(t, 400, "The request has an invalid header.", `If-Match: must be * or a list of entity tags like "3"`)
			}
			missing := strings.Replace(r.path, "tasks/1", "tasks/7", 1)
			s.do(t, r.method, missing, r.body, with(token, "If-Match", `"1"`)).isProblem(t, 404, "Task not found")
			s.do(t, r.method, missing, r.body, with(token, "If-Match", `*`)).isProblem(t, 404, "Task not found")
		}
		if got := s.do(t, "GET", "/api/me/tasks/1", "", token); got.Header.Get("ETag") != `"2"` {
			t.Errorf("after all that: got ETag %s, want no change", got.Header.Get("ETag"))
		}
		for i, fits := range [][]string{
			{`"2"`}, {`"9", "3"`}, {`"9"`, `"4"`}, {`*`},
			// The tags as nginx, Caddy and others rewrite them.
			{`W/"6"`}, {`"7-gzip"`}, {`"8-br"`}, {`"9-zstd"`}, {`"10-deflate"`}, {`"11--gzip"`}, {`W/"12-gzip"`}, {`"1-gzip", "13-gzip"`},
		} {
			res := s.do(t, "PATCH", "/api/me/tasks/1/complete", "", with(token, "If-Match", fits...))
			if res.StatusCode != 200 {
				t.Errorf("%d. If-Match %q: got %d, want 200", i, fits, res.StatusCode)
			}
		}
	})
}

// RFC 9110 §13.1.1 and §13.1.2: a condition applies to every method.
func TestEveryMethodObeysConditions(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
		for _, method := range []string{"GET", "HEAD"} {
			for value, want := range map[string]int{`"1"`: 200, `*`: 200, `"2"`: 412, `W/"1"`: 200, `"1-gzip"`: 200, `W/"2"`: 412, `1`: 400} {
				if res := s.do(t, method, "/api/me/tasks/1", "", with(token, "If-Match", value)); res.StatusCode != want {
					t.Errorf("%s with If-Match: %s: got %d, want %d", method, value, res.StatusCode, want)
				}
			}
		}
		// If-Match comes first (§13.2.2).
		s.do(t, "GET", "/api/me/tasks/1", "", with(with(token, "If-None-Match", `"1"`), "If-Match", `"2"`)).
			isProblem(t, 412, "The task has changed since it was read")
		for _, r := range []struct{ method, path, body string }{
			{"PUT", "/api/me/tasks/1", `{"title":"c"}`}, {"PATCH", "/api/me/tasks/1", `{"title":"c"}`},
			{"PATCH", "/api/me/tasks/1/complete", ""}, {"DELETE", "/api/me/tasks/1", ""},
		} {
			s.do(t, r.method, r.path, r.body, with(token, "If-None-Match", `*`)).
				isProblem(t, 412, "The task exists, and If-None-Match requires that it does not")
			for _, value := range []string{``, `x`} {
				s.do(t, r.method, r.path, r.body, with(token, "If-None-Match", value)).
					isProblem(t, 400, "The request has an invalid header.", `If-None-Match: must be * or a list of entity tags like "3"`)
			}
			for _, value := range []string{`"1"`, `W/"1"`, `"7", "1"`, `"1-gzip"`} { // compared weakly
				s.do(t, r.method, r.path, r.body, with(token, "If-None-Match", value)).
					isProblem(t, 412, "The task is at a version that If-None-Match excludes")
				s.do(t, r.method, r.path, r.body, with(with(token, "If-None-Match", value), "If-Match", `"1"`)).
					isProblem(t, 412, "The task is at a version that If-None-Match excludes")
			}
			s.do(t, r.method, r.path, r.body, with(with(token, "If-None-Match", `"7"`), "If-Match", `"2"`)).
				isProblem(t, 412, "The task has changed since it was read")
			missing := strings.Replace(r.path, "tasks/1", "tasks/7", 1)
			for _, value := range []string{`*`, `"1"`, `"7"`} {
				s.do(t, r.method, missing, r.body, with(token, "If-None-Match", value)).isProblem(t, 404, "Task not found")
			}
		}
		s.do(t, "PUT", "/api/me/tasks/1", `{}`, with(token, "If-None-Match", `"1"`)).isProblem(t, 412, "The task is at a version that If-None-Match excludes")
		if got := s.do(t, "GET", "/api/me/tasks/1", "", token); got.Header.Get("ETag") != `"1"` {
			t.Errorf("after all that: got ETag %s, want no change", got.Header.Get("ETag"))
		}
		for i, r := range []struct{ method, path, body string }{ // the task has none of these versions, so the method is performed
			{"PUT", "/api/me/tasks/1", `{"title":"c"}`}, {"PATCH", "/api/me/tasks/1", `{"title":"d"}`},
			{"PATCH", "/api/me/tasks/1/complete", ""}, {"DELETE", "/api/me/tasks/1", ""},
		} {
			if res := s.do(t, r.method, r.path, r.body, with(token, "If-None-Match", `"7", "x"`)); res.StatusCode != 200 {
				t.Errorf("%d. %s with If-None-Match of another version: got %d %s, want 200", i, r.method, res.StatusCode, res.body)
			}
		}
	})
}

func TestTwoWritersCannotLoseAnUpdate(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		s.do(t, "POST", "/api/me/tasks", `{"title":"0"}`, token)
		const writers, each = 4, 5
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for done := 0; done < each; { // append an x to the title that was read
					read := s.do(t, "GET", "/api/me/tasks/1", "", token)
					var task taskBody
					decode(t, read.body, &task)
					res := s.do(t, "PUT", "/api/me/tasks/1", `{"title":"`+task.Title+`x"}`, with(token, "If-Match", read.Header.Get("ETag")))
					switch res.StatusCode {
					case 200:
						done++
					case 412:
					default:
						t.Errorf("got %d %s", res.StatusCode, res.body)
						return
					}
				}
			})
		}
		wg.Wait()
		var task taskBody
		decode(t, s.do(t, "GET", "/api/me/tasks/1", "", token).body, &task)
		if want := "0" + strings.Repeat("x", writers*each); task.Title != want {
			t.Errorf("got %q, want %q", task.Title, want)
		}
	})
}

// FuzzEntityTags: only its own digits name a version.
func FuzzEntityTags(f *testing.F) {
	for _, seed := range []string{`"1"`, `W/"1", "2"`, `*`, ``, `"`, `,,"a",`, `W/`, "\"\xff\"", `"1-gzip", W/"2--br"`, `"01"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		r := &http.Request{Header: http.Header{"If-Match": {list}}}
		only, err := ifMatch(r)
		if err != nil || only == nil {
			return
		}
		for _, version := range only.Only {
			if !strings.Contains(list, `"`+strconv.FormatInt(version, 10)) {
				t.Errorf("%q: got version %d", list, version)
			}
		}
	})
}
