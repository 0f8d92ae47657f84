package api

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gorilla/mux"

	"vestibule/internal/web"
	"vestibule/store"
)

func (s *Server) createTask(w http.ResponseWriter, r *http.Request, user string) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	id := requestKey{caller: callerOf(r).name(), user: user, key: key}
	if key != "" {
		end, ok := s.running.begin(id)
		if !ok {
			return errInProgress
		}
		defer end()
	}
	task, err := s.readNewTask(w, r)
	if err != nil {
		return err
	}
	task.UserID = user
	task.CreatedAt = s.now()
	task.UpdatedAt = task.CreatedAt
	if key != "" {
		return s.createOnce(r.Context(), w, task, id)
	}
	task, err = s.tasks.CreateTask(r.Context(), task)
	if err != nil {
		return refusal(err)
	}
	s.feed.changed(user)
	w.Header().Set("Location", location(task))
	w.Header().Set("ETag", entityTag(task))
	return web.WriteJSON(w, http.StatusCreated, toTaskJSON(task))
}

func location(t store.Task) string {
	return tasksPath(t.UserID) + "/" + strconv.FormatInt(t.ID, 10)
}

func tasksPath(user string) string { return "/api/" + url.PathEscape(user) + "/tasks" }

func (s *Server) getTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, when, err := taskAndCondition(r)
	if err != nil {
		return err
	}
	task, err := when.read(r.Context(), s.tasks, user, id)
	if err == nil && notModified(r, task) {
		w.Header().Set("ETag", entityTag(task))
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return patchable(w, task, err)
}

// updateTask serves PUT and PATCH alike: the quickstart's PUT keeps what it is
// not given, which is what a merge patch does.
func (s *Server) updateTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, only, err := s.taskToChange(r, user)
	if err != nil {
		return err
	}
	change, err := s.readTaskChange(w, r)
	if err != nil {
		return err
	}
	if change == (store.TaskChange{}) { // updated_at must not say otherwise
		task, err := s.tasks.Task(r.Context(), user, id)
		return patchable(w, task, cmp.Or(err, only.Check(task.Version)))
	}
	task, err := s.tasks.UpdateTask(r.Context(), user, id, change, only, s.now())
	s.tell(task, err)
	return patchable(w, task, err)
}

// toggleTask needs no body and reads none.
func (s *Server) toggleTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, only, err := s.taskToChange(r, user)
	if err != nil {
		return err
	}
	task, err := s.tasks.ToggleTask(r.Context(), user, id, only, s.now())
	s.tell(task, err)
	return answer(w, task, err)
}

func (s *Server) deleteTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, only, err := s.taskToChange(r, user)
	if err != nil {
		return err
	}
	if err := s.tasks.DeleteTask(r.Context(), user, id, only, s.now()); err != nil {
		return refusal(err)
	}
	s.feed.changed(user)
	return web.WriteJSON(w, http.StatusOK, struct {
		Success bool   `json:"success"`
		Message string `json:"message"`
	}{true, "Task deleted successfully"})
}

// taskToChange reads which task a request means, and at which versions.
func (s *Server) taskToChange(r *http.Request, user string) (id int64, only *store.Versions, err error) {
	id, when, err := taskAndCondition(r)
	if err == nil && when.absent {
		_, err = when.read(r.Context(), s.tasks, user, id)
		err = refusal(err)
	}
	return id, when.at, err
}

func taskAndCondition(r *http.Request) (id int64, when condition, err error) {
	if id, err = taskID(r); err == nil {
		when, err = readCondition(r)
	}
	return id, when, err
}

// tell tells listeners of a task that was changed, if it was.
func (s *Server) tell(task store.Task, err error) {
	if err == nil {
		s.feed.changed(task.UserID)
	}
}

// patchable is answer under the task's own path: with how it can be patched.
func patchable(w http.ResponseWriter, task store.Task, err error) error {
	if err == nil {
		w.Header().Set("Accept-Patch", acceptPatch)
	}
	return answer(w, task, err)
}

// answer sends the task, or says why there is none.
func answer(w http.ResponseWriter, task store.Task, err error) error {
	if err != nil {
		return refusal(err)
	}
	w.Header().Set("ETag", entityTag(task))
	return web.WriteJSON(w, http.StatusOK, toTaskJSON(task))
}

// taskID reads {id}. The router matches the raw path, so it is unescaped here;
// the guard has refused invalid escapes.
func taskID(r *http.Request) (int64, error) {
	text, _ := url.PathUnescape(mux.Vars(r)["id"])
	return parseID(text)
}
