package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gorilla/mux"

	"vestibule/api/bearer"
	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store/tasks"
)

var (
	created = &endpoint.Answer{
		Status: 201, Text: "The task that was created, now or by the first request with this `Idempotency-Key`",
		Headers: []*endpoint.Header{
			endpoint.ETag,
			{Component: "Location", Name: "Location", Text: "Where the task is", Always: true,
				Schema: endpoint.Schema{"type": "string", "format": "uri-reference"}, Example: "/api/" + exampleTask.UserID + "/tasks/1"},
			{Component: "IdempotencyReplayed", Name: "Idempotency-Replayed", Text: "This is the answer of an earlier request with the same `Idempotency-Key`",
				Schema: endpoint.Schema{"type": "string", "const": "true"}, Example: "true"},
		},
		Examples: []endpoint.Example{{Name: "task", Value: exampleTask}},
	}
	conflict = &endpoint.Answer{
		Component: "Conflict", Status: 409, Errors: []*web.Error{errInProgress, errTooManyTasks},
		Text:    "A request with this `Idempotency-Key` is still under way: try again after `Retry-After`. Or, without that header, the user has reached the limit of tasks (`TASKS_PER_USER`).",
		Headers: []*endpoint.Header{{Name: "Retry-After", Text: "Seconds to wait, if trying again helps", Schema: endpoint.RetryAfter.Schema, Example: 1}},
	}
	badCreation = &endpoint.Answer{
		Component: "BadCreation", Status: 400, Errors: []*web.Error{badBody, web.BadJSON("The request body has data after its JSON object."), errKey},
		Text: "The body is not strict JSON: it is empty, is not an object, or has trailing data, a duplicate name, invalid UTF-8 or a NUL. Or `Idempotency-Key` is invalid (`errors` names it). Or the path or the query is invalid.",
	}
)

var createDoc = endpoint.Doc{
	Tag: "tasks", Summary: "Create a task",
	Text: "With an `Idempotency-Key` a repeated request does not create a second task: for 24 hours it gets the answer of the first.",
	Row:  "201, `Location` and `ETag`. " + membersRow + ". `Idempotency-Key`: [Repeats](#repeats)",
	Params: []*endpoint.Param{{
		Component: "IdempotencyKey", Name: "Idempotency-Key", In: "header",
		Text:   "A name for this request, chosen by the client and unique for the user, which makes it safe to repeat: 1 to 255 printable ASCII characters",
		Schema: endpoint.Schema{"type": "string", "minLength": 1, "maxLength": maxKey, "pattern": `^[\x20-\x7e]+$`}, Example: "8e03978e-40d5-43e8-bc93-6894a57f9324",
	}},
	Body: &endpoint.Body{Text: "The task", Examples: []endpoint.Example{
		{Name: "short", Value: newTaskJSON{chosenJSON: chosenJSON{Title: "Water the plants"}}},
		{Name: "full", Value: newTaskJSON{chosenJSON: chosenJSON{Title: "Water the plants", Description: new("Not the cactus."), Completed: true, DueOn: new("2026-02-14"), Position: new("5c8")}}},
	}},
	Answers: []*endpoint.Answer{created, badCreation, conflict},
}

func (s *Server) createTask(w http.ResponseWriter, r *http.Request, user string) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	id := requestKey{caller: bearer.CallerOf(r).Name(), user: user, key: key}
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
	err = s.writing(r.Context(), user, func(ctx context.Context) (err error) {
		task, err = s.tasks.CreateTask(ctx, task)
		return err
	})
	if err != nil {
		return refusal(err)
	}
	s.feed.changed(user)
	w.Header().Set("Location", location(task))
	w.Header().Set("ETag", entityTag(task))
	return web.WriteJSON(w, http.StatusCreated, toTaskJSON(task))
}

func location(t tasks.Task) string {
	return tasksPath(t.UserID) + "/" + strconv.FormatInt(t.ID, 10)
}

func tasksPath(user string) string { return "/api/" + url.PathEscape(user) + "/tasks" }

// oneTask is an answer with one task.
func oneTask(text string, task taskJSON, headers ...*endpoint.Header) *endpoint.Answer {
	return &endpoint.Answer{Status: 200, Text: text, Headers: append(headers, endpoint.ETag), Examples: []endpoint.Example{{Name: "task", Value: task}}}
}

var getDoc = endpoint.Doc{
	Tag: "tasks", Summary: "Read a task", Row: "200, `ETag` and `Accept-Patch`; with `If-None-Match` 304, with `If-Match` 412",
	Params:  []*endpoint.Param{ifMatchHeader, ifNoneMatchHeader},
	Answers: []*endpoint.Answer{oneTask("The task", exampleTask, acceptPatchHeader), notModifiedAnswer, badCondition, notFound, preconditionFailed},
}

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

var taskNow = oneTask("The task as it is now", completedTask, acceptPatchHeader)

var updateDoc = endpoint.Doc{
	Tag: "tasks", Summary: "Change a task", Row: "200 and `ETag`; absent fields keep their value. `If-Match`: [Conflicts](#conflicts), here and below",
	Text:   "Absent members keep their value, as with PATCH. The quickstart's PUT does the same.",
	Params: []*endpoint.Param{ifMatchHeader, ifOtherHeader},
	Body: &endpoint.Body{Text: "What changes", Examples: []endpoint.Example{
		{Name: "all", Value: taskChangeJSON{chosenJSON: chosenJSON{Title: "Water the plants", Completed: true}}},
	}},
	Answers: []*endpoint.Answer{taskNow, badChange, notFound, preconditionFailed},
}

var patchDoc = endpoint.Doc{
	Tag: "tasks", Summary: "Change a task",
	Row:    "200 and `ETag`; a merge patch (RFC 7396), as `application/merge-patch+json` or `application/json`: `null` clears `description`, `due_on` and `position`",
	Text:   "A merge patch (RFC 7396), sent as `application/merge-patch+json` or `application/json`: a `null` clears `description`, `due_on` and `position`.",
	Params: []*endpoint.Param{ifMatchHeader, ifOtherHeader},
	Body: &endpoint.Body{
		Text:     "What changes",
		Examples: []endpoint.Example{{Name: "one", Value: taskChangeJSON{chosenJSON: chosenJSON{Completed: true}}}},
		Also:     map[string][]endpoint.Example{mergePatch: {{Name: "one", Value: taskChangeJSON{chosenJSON: chosenJSON{Completed: true}}}, {Name: "no description", Value: map[string]any{"description": nil}}, {Name: "moved", Value: taskChangeJSON{chosenJSON: chosenJSON{Position: new("5c8")}}}}},
	},
	Answers: []*endpoint.Answer{taskNow, badChange, notFound, preconditionFailed},
}

// updateTask serves both PUT and PATCH. The quickstart's PUT keeps absent members, like a
// merge patch.
func (s *Server) updateTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, only, err := s.taskToChange(r, user)
	if err != nil {
		return err
	}
	change, err := s.readTaskChange(w, r)
	if err != nil {
		return err
	}
	if change == (tasks.Change{}) { // nothing changes, so updated_at must not change either
		task, err := s.tasks.Task(r.Context(), user, id)
		return patchable(w, task, cmp.Or(err, only.Check(task.Version)))
	}
	var task tasks.Task
	err = s.writing(r.Context(), user, func(ctx context.Context) (err error) {
		task, err = s.tasks.UpdateTask(ctx, user, id, change, only, s.now())
		return err
	})
	s.tell(task, err)
	return patchable(w, task, err)
}

var toggleDoc = endpoint.Doc{
	Tag: "tasks", Summary: "Complete a task, or reopen it", Row: "200 and `ETag`; toggles", Text: "Inverts `completed`. It reads no body.",
	Params:  []*endpoint.Param{ifMatchHeader, ifOtherHeader},
	Answers: []*endpoint.Answer{oneTask("The task as it is now", completedTask), badCondition, notFound, preconditionFailed},
}

// toggleTask reads no body.
func (s *Server) toggleTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, only, err := s.taskToChange(r, user)
	if err != nil {
		return err
	}
	var task tasks.Task
	err = s.writing(r.Context(), user, func(ctx context.Context) (err error) {
		task, err = s.tasks.ToggleTask(ctx, user, id, only, s.now())
		return err
	})
	s.tell(task, err)
	return answer(w, task, err)
}

var deleted = deletedJSON{true, "Task deleted successfully"}

var deleteDoc = endpoint.Doc{
	Tag: "tasks", Summary: "Delete a task", Row: "200 `{\"success\":true,\"message\":\"Task deleted successfully\"}`",
	Params:  []*endpoint.Param{ifMatchHeader, ifOtherHeader},
	Answers: []*endpoint.Answer{{Status: 200, Text: "The task is gone", Examples: []endpoint.Example{{Name: "deleted", Value: deleted}}}, badCondition, notFound, preconditionFailed},
}

func (s *Server) deleteTask(w http.ResponseWriter, r *http.Request, user string) error {
	id, only, err := s.taskToChange(r, user)
	if err != nil {
		return err
	}
	err = s.writing(r.Context(), user, func(ctx context.Context) error {
		return s.tasks.DeleteTask(ctx, user, id, only, s.now())
	})
	if err != nil {
		return refusal(err)
	}
	s.feed.changed(user)
	return web.WriteJSON(w, http.StatusOK, deleted)
}

// taskToChange reads which task and which versions of it a request means.
func (s *Server) taskToChange(r *http.Request, user string) (id int64, only *tasks.Versions, err error) {
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

// tell tells the user's streams about a task, if it was changed.
func (s *Server) tell(task tasks.Task, err error) {
	if err == nil {
		s.feed.changed(task.UserID)
	}
}

// patchable answers under the task's own path, with Accept-Patch.
func patchable(w http.ResponseWriter, task tasks.Task, err error) error {
	if err == nil {
		w.Header().Set("Accept-Patch", acceptPatch)
	}
	return answer(w, task, err)
}

// answer sends the task, or the refusal.
func answer(w http.ResponseWriter, task tasks.Task, err error) error {
	if err != nil {
		return refusal(err)
	}
	w.Header().Set("ETag", entityTag(task))
	return web.WriteJSON(w, http.StatusOK, toTaskJSON(task))
}

// taskID reads {id}. The router matches the raw path, so the id is unescaped here. The
// guard has already refused invalid escapes.
func taskID(r *http.Request) (int64, error) {
	text, _ := url.PathUnescape(mux.Vars(r)["id"])
	return parseID(text)
}
