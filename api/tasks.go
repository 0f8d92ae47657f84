package api

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gorilla/mux"

	"vestibule/internal/web"
	"vestibule/store"
)

func (s *Server) createTask(w http.ResponseWriter, r *http.Request, user string) error {
	task, err := readNewTask(w, r)
	if err != nil {
		return err
	}
	task.UserID = user
	task.CreatedAt = s.now()
	task.UpdatedAt = task.CreatedAt
	task, err = s.tasks.CreateTask(r.Context(), task)
	if err != nil {
		return refusal(err)
	}
	w.Header().Set("Location", "/api/"+url.PathEscape(user)+"/tasks/"+strconv.FormatInt(task.ID, 10))
	return web.WriteJSON(w, http.StatusCreated, toTaskJSON(task))
}

func (s *Server) getTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	task, err := s.tasks.Task(r.Context(), user, id)
	return answer(w, task, err)
}

// updateTask serves PUT and PATCH alike: the quickstart's PUT keeps what it is
// not given, which is what a merge patch does.
func (s *Server) updateTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	change, err := readTaskChange(w, r)
	if err != nil {
		return err
	}
	if change == (store.TaskChange{}) { // updated_at must not say otherwise
		task, err := s.tasks.Task(r.Context(), user, id)
		return answer(w, task, err)
	}
	task, err := s.tasks.UpdateTask(r.Context(), user, id, change, s.now())
	return answer(w, task, err)
}

// toggleTask needs no body and reads none.
func (s *Server) toggleTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	task, err := s.tasks.ToggleTask(r.Context(), user, id, s.now())
	return answer(w, task, err)
}

func (s *Server) deleteTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, err := taskID(r)
	if err != nil {
		return err
	}
	if err := s.tasks.DeleteTask(r.Context(), user, id); err != nil {
		return refusal(err)
	}
	return web.WriteJSON(w, http.StatusOK, struct {
		Success bool   `json:"success"`
		Message string `json:"message"`
	}{true, "Task deleted successfully"})
}

// answer sends the task, or says why there is none.
func answer(w http.ResponseWriter, task store.Task, err error) error {
	if err != nil {
		return refusal(err)
	}
	return web.WriteJSON(w, http.StatusOK, toTaskJSON(task))
}

// refusal gives the store's errors their meaning here. A task of another user
// is not found, as if it did not exist.
func refusal(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return web.Refuse(http.StatusNotFound, "NOT_FOUND", "Task not found")
	case errors.Is(err, store.ErrNoUser):
		return errNoSubject.Because(err)
	}
	return err
}

// taskID reads {id}. The router matches the raw path, so it is unescaped here;
// the guard has refused invalid escapes.
func taskID(r *http.Request) (int64, error) {
	text, _ := url.PathUnescape(mux.Vars(r)["id"])
	return parseID(text)
}
