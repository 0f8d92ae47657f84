package api

import (
	"context"
	"fmt"
	"testing"

	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/tasks"
)

func TestTooManyTasksAreRefused(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		s.store.TasksPerUser = 2
		token := auth(mint(t, ada))
		for range 2 {
			s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token).isCreated(t)
		}
		const detail = "The user has reached the limit of tasks. Delete some to make room."
		for _, header := range []map[string][]string{token, with(token, "Idempotency-Key", "k")} {
			res := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, header)
			res.isProblem(t, 409, detail)
			if got := res.Header.Get("Retry-After"); got != "" {
				t.Errorf("Retry-After: got %q; no repeat helps", got)
			}
		}
		s.do(t, "DELETE", "/api/me/tasks/1", "", token)
		s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, with(token, "Idempotency-Key", "k")).isCreated(t)
	})
}

// TestAKeyWhoseAnswerCannotBeKeptIsRefused: nothing is done, so the caller can repeat the
// request without a second effect.
func TestAKeyWhoseAnswerCannotBeKeptIsRefused(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		s.store.AnswersPerUser = 2
		token := auth(mint(t, ada))
		post := func(key string) reply {
			return s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, with(token, "Idempotency-Key", key))
		}
		post("k1").isCreated(t)
		post("k2").isCreated(t)
		res := post("k3")
		res.isProblem(t, 429, errTooManyKeys.Message)
		if got, want := res.Header.Get("Retry-After"), fmt.Sprint(int((answersKept + tidyEvery).Seconds())); got != want {
			t.Errorf("Retry-After: got %q, want %q", got, want)
		}
		if got := post("k2").Header.Get("Idempotency-Replayed"); got != "true" {
			t.Errorf("an answer that is kept: got Idempotency-Replayed %q", got)
		}
		if n := count(t, s, token); n != 2 {
			t.Errorf("got %d tasks, want 2", n)
		}
	})
}

// TestATokenOfADeletedUserIsRefused, although the token is valid for some minutes and the
// tasks still exist. The background work deletes them.
func TestATokenOfADeletedUserIsRefused(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		keyed := with(token, "Idempotency-Key", "k")
		s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, keyed).isCreated(t)
		if err := s.store.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteUser(ada, store.Event{At: noon}) }); err != nil {
			t.Fatal(err)
		}
		if n := count(t, s, token); n != 0 {
			t.Errorf("got %d tasks", n)
		}
		s.do(t, "GET", "/api/me/tasks/1", "", token).isProblem(t, 404, "Task not found")
		s.do(t, "PUT", "/api/me/tasks/1", `{"title":"b"}`, token).isProblem(t, 404, "Task not found")
		s.do(t, "DELETE", "/api/me/tasks/1", "", token).isProblem(t, 404, "Task not found")
		for _, header := range []map[string][]string{token, keyed} {
			if got := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, header); got.StatusCode != 401 {
				t.Errorf("create: got %d %s, want 401", got.StatusCode, got.body)
			}
		}
	})
}

// sweeping is a store that reports which rows of deleted users are deleted.
type sweeping struct {
	*tasks.Store
	batches chan tasks.Remains
}

func (s sweeping) DeleteRemains(ctx context.Context, userID string) (tasks.Remains, error) {
	r, err := s.Store.DeleteRemains(ctx, userID)
	if err == nil {
		s.batches <- r
	}
	return r, err
}

// TestRowsOfADeletedUserAreDeletedInTheBackground, without any request.
func TestRowsOfADeletedUserAreDeletedInTheBackground(t *testing.T) {
	t.Parallel()
	for name, engine := range map[string]func(testing.TB) *storetest.Database{"SQLite": sqlite, "PostgreSQL": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := engine(t)
			db := sweeping{st.Tasks, make(chan tasks.Remains, 10)}
			if _, err := db.CreateTask(t.Context(), tasks.Task{UserID: ada, Title: "a", CreatedAt: noon, UpdatedAt: noon}); err != nil {
				t.Fatal(err)
			}
			if err := st.Tx(t.Context(), "test", func(tx *store.Tx) error { return tx.DeleteUser(ada, store.Event{At: noon}) }); err != nil {
				t.Fatal(err)
			}
			s := startSurface(t, sharedSecretConfig(), Deps{Tasks: db})
			s.runs(t)
			var rows int64
			for r := range db.batches {
				if rows += r.Rows; r.Done {
					break
				}
			}
			if rows != 2 { // the task and its event
				t.Errorf("got %d rows deleted, want 2", rows)
			}
		})
	}
}
