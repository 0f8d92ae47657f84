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
