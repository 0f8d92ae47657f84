package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/internal/storetest"
	"vestibule/store/db"
)

// onBothEngines runs test on SQLite and on PostgreSQL, in parallel with other tests.
func onBothEngines(t *testing.T, test func(t *testing.T, s *surface)) {
	t.Helper()
	t.Parallel()
	for name, engine := range map[string]func(testing.TB) *storetest.Database{"SQLite": sqlite, "PostgreSQL": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newSurface(t, engine))
		})
	}
}

func TestATaskLivesThroughAllItsRoutes(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		task := func(id int, title, description string, completed bool, updated string) string {
			return fmt.Sprintf(`{"id":%d,"user_id":%q,"title":%s,"description":%s,"completed":%t,"created_at":"2026-02-03T12:00:00.000Z","updated_at":%q}`,
				id, ada, title, description, completed, updated)
		}
		const created, later = "2026-02-03T12:00:00.000Z", "2026-02-03T12:00:01.234Z"

		res := s.do(t, "POST", "/api/me/tasks", `{"title":"\u2003 Buy <milk> & bread\n","description":"2 l"}`, token)
		res.is(t, 201, task(1, `"Buy <milk> & bread"`, `"2 l"`, false, created))
		if got, want := res.Header.Get("Location"), "/api/"+ada+"/tasks/1"; got != want {
			t.Errorf("Location: got %q, want %q", got, want)
		}
		s.do(t, "GET", "/api/"+ada+"/tasks/1", "", token).is(t, 200, task(1, `"Buy <milk> & bread"`, `"2 l"`, false, created))
		s.do(t, "GET", "/api/me/tasks/1/", "", token).is(t, 200, task(1, `"Buy <milk> & bread"`, `"2 l"`, false, created))

		s.clock.Set(noon.Add(1234567 * time.Microsecond))
		s.do(t, "PUT", "/api/me/tasks/1", `{"title":"Buy <bread>"}`, token).is(t, 200, task(1, `"Buy <bread>"`, `"2 l"`, false, later))
		s.do(t, "PATCH", "/api/me/tasks/1", `{"description":null,"completed":true}`, token).is(t, 200, task(1, `"Buy <bread>"`, `null`, true, later))
		s.do(t, "PATCH", "/api/me/tasks/1/complete", "", token).is(t, 200, task(1, `"Buy <bread>"`, `null`, false, later))
		s.do(t, "PATCH", "/api/me/tasks/1/complete/", `{"completed":"ignored"}`, token).is(t, 200, task(1, `"Buy <bread>"`, `null`, true, later))

		s.clock.Set(noon)
		s.do(t, "POST", "/api/"+ada+"/tasks/", `{"title":"Call Zoë","completed":true}`, token).is(t, 201, task(2, `"Call Zoë"`, `null`, true, created))
		s.do(t, "GET", "/api/me/tasks", "", token).is(t, 200,
			"["+task(1, `"Buy <bread>"`, `null`, true, later)+","+task(2, `"Call Zoë"`, `null`, true, created)+"]")

		s.do(t, "DELETE", "/api/me/tasks/1", "", token).is(t, 200, `{"success":true,"message":"Task deleted successfully"}`)
		s.do(t, "DELETE", "/api/me/tasks/1", "", token).isProblem(t, 404, "Task not found")
		s.do(t, "GET", "/api/me/tasks/1", "", token).isProblem(t, 404, "Task not found")
		s.do(t, "PUT", "/api/me/tasks/1", `{"title":"x"}`, token).isProblem(t, 404, "Task not found")
		s.do(t, "PATCH", "/api/me/tasks/1/complete", "", token).isProblem(t, 404, "Task not found")
		s.do(t, "GET", "/api/me/tasks", "", token).is(t, 200, "["+task(2, `"Call Zoë"`, `null`, true, created)+"]")
	})
}

func TestATaskCanBeSentBackWhole(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		first := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
		s.do(t, "PUT", "/api/me/tasks/1", first.body, token).is(t, 200, first.body)
		other := strings.NewReplacer(`"id":1`, `"id":77`, ada, bob).Replace(first.body)
		s.do(t, "PUT", "/api/me/tasks/1", other, token).is(t, 200, first.body)
		s.do(t, "POST", "/api/me/tasks", other, token).is(t, 201, strings.Replace(first.body, `"id":1`, `"id":2`, 1))
	})
}

func TestUsersSeeTheirOwnTasksOnly(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		adas, bobs := auth(mint(t, ada)), auth(mint(t, bob))
		first := s.do(t, "POST", "/api/me/tasks", `{"title":"hers"}`, adas)
		for _, target := range []string{"GET /api/me/tasks/1", "DELETE /api/me/tasks/1", "PATCH /api/me/tasks/1/complete"} {
			method, path, _ := strings.Cut(target, " ")
			s.do(t, method, path, "", bobs).isProblem(t, 404, "Task not found")
		}
		for _, method := range []string{"PUT", "PATCH"} {
			s.do(t, method, "/api/me/tasks/1", `{"title":"his"}`, bobs).isProblem(t, 404, "Task not found")
		}
		s.do(t, "GET", "/api/me/tasks?user_id="+ada, "", bobs).is(t, 200, "[]") // their own, even with another user_id in the query
		s.do(t, "GET", "/api/me/tasks/1?user_id="+ada, "", bobs).isProblem(t, 404, "Task not found")
		s.do(t, "GET", "/api/me/tasks/1", "", adas).is(t, 200, first.body)
	})
}

func TestASubjectWithoutAnAccountCreatesNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, "usr_deleted"))
		s.do(t, "POST", "/api/usr_deleted/tasks", `{"title":"a"}`, token).isProblem(t, 401, "Invalid authentication credentials")
		s.do(t, "GET", "/api/usr_deleted/tasks", "", token).is(t, 200, "[]")
		s.do(t, "GET", "/api/usr_deleted/tasks/1", "", token).isProblem(t, 404, "Task not found")
	})
}

func TestABodyAtItsLimitsIsStored(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		title, description := strings.Repeat("𝒯", 255), strings.Repeat("語", 10_000)
		body, err := json.Marshal(map[string]string{"title": title, "description": description})
		if err != nil {
			t.Fatal(err)
		}
		res := s.do(t, "POST", "/api/me/tasks", string(body), token)
		var got taskBody
		if err := json.Unmarshal([]byte(res.body), &got); err != nil || res.StatusCode != 201 {
			t.Fatalf("got %d %v, want 201 and a task", res.StatusCode, err)
		}
		if got.Title != title || got.Description != description {
			t.Error("got another title or description back than was sent")
		}
	})
}

type taskBody struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

func TestBadIdsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := mint(t, ada)
	s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, auth(token))
	for _, id := range []string{
		"abc", "+1", "01", "1.0", "1e0", "0x1", "1_0", "%201", "1%20", "0", "-1", "-0", "1;x=1", "%D9%A1",
		"9223372036854775808", "99999999999999999999999999",
	} {
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			t.Run(method+" "+id, func(t *testing.T) {
				s.raw(t, method, "/api/me/tasks/"+id, token).
					isProblem(t, 422, "The request has invalid fields.", "id: must be a positive whole number")
			})
		}
		t.Run("complete "+id, func(t *testing.T) {
			s.raw(t, "PATCH", "/api/me/tasks/"+id+"/complete", token).
				isProblem(t, 422, "The request has invalid fields.", "id: must be a positive whole number")
		})
	}
	t.Run("the largest id is looked for", func(t *testing.T) {
		s.raw(t, "GET", "/api/me/tasks/9223372036854775807", token).isProblem(t, 404, "Task not found")
	})
	t.Run("an escaped digit is the digit", func(t *testing.T) {
		if got := s.raw(t, "GET", "/api/me/tasks/%31", token).StatusCode; got != 200 {
			t.Errorf("status: got %d, want 200", got)
		}
	})
}

func TestABodyWithAContentEncodingIsRefused(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	res := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, with(auth(mint(t, ada)), "Content-Encoding", "gzip"))
	res.isProblem(t, 415, "The body must not have a Content-Encoding.")
	if got := res.Header.Get("Accept-Encoding"); got != "identity" {
		t.Errorf("got Accept-Encoding: %s, want identity", got)
	}
}

func TestBadBodiesAreRefused(t *testing.T) {
	t.Parallel()
	const (
		title       = "title: must have 1 to 255 characters"
		description = "description: must have at most 10000 characters"
		fields      = "The request has invalid fields."
	)
	long := `{"title":"a","description":"` + strings.Repeat("x", 1<<20) + `"}`
	s := newSurface(t, sqlite)
	token := mint(t, ada)
	first := s.do(t, "POST", "/api/me/tasks", `{"title":"first"}`, auth(token))
	for _, tc := range []struct {
		name, method, body string
		contentType        string // application/json when empty
		status             int
		detail             string
		faults             []string
	}{
		{"not JSON", "", `title=a`, "", 400, "Invalid JSON in request body, at byte 1", nil},
		{"no body", "", ``, "application/json", 400, "The request body is empty; a JSON object is expected.", nil},
		{"null", "", `null`, "", 400, "The request body must be a JSON object, not null.", nil},
		{"an array", "", `[{"title":"a"}]`, "", 400, "The request body must be a JSON object, not array.", nil},
		{"trailing data", "", `{"title":"a"}{}`, "", 400, "The request body has data after its JSON object.", nil},
		{"a NUL", "", `{"title":"a\u0000b"}`, "", 400, `The request body contains a NUL character (\u0000).`, nil},
		{"another type", "", `title=a`, "application/x-www-form-urlencoded", 415, "The Content-Type must be application/json.", nil},
		{"a merge patch that is a creation", "POST", `{"title":"a"}`, "application/merge-patch+json", 415, "The Content-Type must be application/json.", nil},
		{"a merge patch that is a PUT", "PUT", `{"title":"a"}`, "application/merge-patch+json", 415, "The Content-Type must be application/json.", nil},
		{"another patch", "", `[]`, "application/json-patch+json", 415, "The Content-Type must be application/json.", nil},
		{"a title of what shows nothing", "", `{"title":"\u200b\u2060\ufeff\u00ad"}`, "", 422, fields, []string{"title: must have a visible character"}},
		{"a merge patch that removes the title", "PATCH", `{"title":null}`, "application/merge-patch+json", 422, fields, []string{"title: expected string, received null"}},
		{"a merge patch that is no object", "PATCH", `"a"`, "application/merge-patch+json", 400, "The request body must be a JSON object, not string.", nil},
		{"too many fields", "", `{"title":"a"` + strings.Repeat(`,"x":0`, 100) + `}`, "", 400, "The request body has more than 100 members and elements.", nil},
		{"too deep", "", `{"title":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, "", 400, "The request body has more than 20 levels of objects and arrays.", nil},
		{"over 1 MiB", "", long, "", 413, "The request body is larger than 1048576 bytes.", nil},

		{"without a title", "POST", `{}`, "", 422, fields, []string{"title: expected string, received undefined"}},
		{"an empty title", "", `{"title":""}`, "", 422, fields, []string{title}},
		{"a title of spaces", "", `{"title":" \t\u00a0\u2003"}`, "", 422, fields, []string{title}},
		{"a title of 256", "", `{"title":"` + strings.Repeat("ü", 256) + `"}`, "", 422, fields, []string{title}},
		{"a title that is null", "", `{"title":null}`, "", 422, fields, []string{"title: expected string, received null"}},
		{"a title that is a number", "", `{"title":1}`, "", 422, fields, []string{"title: expected string, received number"}},
		{"a description of 10001", "", `{"title":"a","description":"` + strings.Repeat("ü", 10_001) + `"}`, "", 422, fields, []string{description}},
		{"a description that is an object", "", `{"title":"a","description":{}}`, "", 422, fields, []string{"description: expected string, received object"}},
		{"completed as text", "", `{"title":"a","completed":"true"}`, "", 422, fields, []string{"completed: expected boolean, received string"}},
		{"completed as null", "", `{"title":"a","completed":null}`, "", 422, fields, []string{"completed: expected boolean, received null"}},
		{"an unknown field", "", `{"title":"a","nonsense":1}`, "", 422, fields, []string{"nonsense: unknown field"}},
		{"a field in another case", "", `{"title":"a","Title":"b"}`, "", 422, fields, []string{"Title: unknown field"}},
		{"everything at once", "", `{"x":1,"title":"","completed":0,"description":7}`, "", 422, fields, []string{
			title, "description: expected string, received number", "completed: expected boolean, received number", "x: unknown field",
		}},
	} {
		methods := []string{"POST", "PUT", "PATCH"}
		if tc.method != "" {
			methods = []string{tc.method}
		}
		for _, method := range methods {
			t.Run(method+" "+tc.name, func(t *testing.T) {
				header := auth(token)
				path := "/api/me/tasks"
				if method != "POST" {
					path += "/1"
				}
				if tc.contentType != "" {
					header.Set("Content-Type", tc.contentType)
				}
				detail := tc.detail
				if tc.status == 415 && method == "PATCH" {
					detail = "The Content-Type must be application/json or application/merge-patch+json."
				}
				res := s.do(t, method, path, tc.body, header)
				res.isProblem(t, tc.status, detail, tc.faults...)
				accept := map[bool]string{true: "application/merge-patch+json, application/json"}[method != "POST" && tc.status == 415]
				if got := res.Header.Get("Accept-Patch"); got != accept { // RFC 5789 §2.2, §3.1
					t.Errorf("Accept-Patch: got %q, want %q", got, accept)
				}
				s.do(t, "GET", "/api/me/tasks", "", header).is(t, 200, "["+first.body+"]")
			})
		}
	}
}

// RFC 7396: a null member is removed, an absent member stays.
func TestAMergePatchIsAccepted(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		s.do(t, "POST", "/api/me/tasks", `{"title":"a","description":"b"}`, token)
		for _, kind := range []string{"application/merge-patch+json", "Application/Merge-Patch+JSON; charset=utf-8", "application/json"} {
			s.do(t, "PATCH", "/api/me/tasks/1", `{"description":"b","title":"a"}`, token)
			patch := with(token, "Content-Type", kind)
			var got struct {
				Title       string
				Description *string
				Completed   bool
			}
			decode(t, s.do(t, "PATCH", "/api/me/tasks/1", "\ufeff"+`{"completed":true,"title":"👩\u200d🚒 \u200b"}`, patch).body, &got)
			if got.Title != "👩\u200d🚒 \u200b" || got.Description == nil || *got.Description != "b" || !got.Completed {
				t.Errorf("%s: got %+v", kind, got)
			}
			decode(t, s.do(t, "PATCH", "/api/me/tasks/1", `{"description":null}`, patch).body, &got)
			if got.Description != nil || !got.Completed {
				t.Errorf("%s: got %+v, want no description", kind, got)
			}
		}
	})
}

func TestATaskHasAcceptPatch(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
	for target, want := range map[string]bool{
		"GET /api/me/tasks/1": true, "HEAD /api/me/tasks/1/": true, "OPTIONS /api/me/tasks/1": true, "POST /api/me/tasks/1/": true,
		"GET /api/me/tasks": false, "OPTIONS /api/me/tasks": false, "POST /api/me/tasks/events": false, "POST /api/me/tasks/1/complete": false,
	} {
		method, path, _ := strings.Cut(target, " ")
		if _, got := s.do(t, method, path, "", token).Header["Accept-Patch"]; got != want {
			t.Errorf("%s: got Accept-Patch %t, want %t", target, got, want)
		}
	}
}

func TestInvalidTextIsRefusedOnBothEngines(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		for _, body := range []string{"{\"title\":\"\xff\"}", `{"title":"\ud800"}`, `{"title":"a","title":"b"}`} {
			if got := s.do(t, "POST", "/api/me/tasks", body, token).StatusCode; got != 400 {
				t.Errorf("%q: got %d, want 400", body, got)
			}
		}
		s.do(t, "POST", "/api/me/tasks", `{"title":"a\u0000"}`, token).
			isProblem(t, 400, `The request body contains a NUL character (\u0000).`)
	})
}

func TestAListHoldsEveryTaskOnceInOrder(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		const n = 225 // more than one read of the store
		s.store.Exec(t, storetest.Many+`INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
			SELECT u.id, CAST(i AS TEXT), u."emailVerified", u."createdAt", u."createdAt" FROM n, "user" u ORDER BY n.i, u.id`, n)
		res := s.do(t, "GET", "/api/me/tasks", "", auth(mint(t, ada)))
		var got []taskBody
		if err := json.Unmarshal([]byte(res.body), &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != n {
			t.Fatalf("got %d tasks, want %d", len(got), n)
		}
		for i, task := range got {
			if want := fmt.Sprint(i + 1); task.Title != want {
				t.Fatalf("task %d: got %q, want %q", i, task.Title, want)
			}
		}
	})
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
	for _, path := range []string{"/", "/api/me/tasks", "/api/me/tasks/1"} {
		s.do(t, "HEAD", path, "", token).is(t, 200, "")
	}
	if got := s.do(t, "HEAD", "/api/me/tasks/2", "", token).StatusCode; got != 404 {
		t.Errorf("status: got %d, want 404", got)
	}
}

func TestAnEmptyChangeChangesNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		first := s.do(t, "POST", "/api/me/tasks", `{"title":"a","description":"b"}`, token)
		s.clock.Set(noon.Add(time.Minute))
		for _, method := range []string{"PUT", "PATCH"} {
			s.do(t, method, "/api/me/tasks/1", `{}`, token).is(t, 200, first.body)
			s.do(t, method, "/api/me/tasks/2", `{}`, token).isProblem(t, 404, "Task not found")
		}
	})
}

func TestAnOutageOfTheStoreIsA503(t *testing.T) {
	t.Parallel()
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: broken{err: fmt.Errorf("ping: %w", db.ErrUnavailable)}})
	token := auth(mint(t, ada))
	for _, target := range []string{
		"GET /api/me/tasks", "POST /api/me/tasks", "GET /api/me/tasks/1", "PUT /api/me/tasks/1",
		"PATCH /api/me/tasks/1", "PATCH /api/me/tasks/1/complete", "DELETE /api/me/tasks/1",
		"GET /api/me/tasks?limit=1", "GET /api/me/tasks/events",
	} {
		t.Run(target, func(t *testing.T) {
			method, path, _ := strings.Cut(target, " ")
			body := ""
			if method != http.MethodGet && method != http.MethodDelete {
				body = `{"title":"a"}`
			}
			res := s.do(t, method, path, body, token)
			res.isProblem(t, 503, "The service is temporarily unavailable. Please try again.")
			if res.Header.Get("Retry-After") == "" {
				t.Error("Retry-After: got none, want one")
			}
		})
	}
}

func TestAnInternalErrorTellsTheClientNothing(t *testing.T) {
	t.Parallel()
	s := startSurface(t, sharedSecretConfig(), Deps{Tasks: broken{err: errSecretive}})
	res := s.do(t, "GET", "/api/me/tasks/1", "", auth(mint(t, ada)))
	res.isProblem(t, 500, "Something went wrong on our side.")
	s.log.Want(t, errSecretive.Error())
}
