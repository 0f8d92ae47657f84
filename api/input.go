package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"vestibule/api/bearer"
	"vestibule/internal/web"
	"vestibule/store/tasks"
)

// Bounds of bodies in memory, in bytes: of one body (more than a task can need in any
// escaping), of all bodies of one caller, and of all bodies.
const (
	maxBody     = 1 << 20
	bodiesOfOne = 2 << 20
	bodiesOfAll = 12 << 20
)

// readOnly are members of a task that a client may send back unchanged. They are ignored.
var readOnly = jsonNames(reflect.TypeFor[readOnlyJSON]())

// readNewTask reads the body of a creation. "completed" is allowed, so that an exported
// task can be imported unchanged.
func (s *Server) readNewTask(w http.ResponseWriter, r *http.Request) (tasks.Task, error) {
	body, err := s.bodies.ReadObject(w, r, bearer.CallerOf(r).Subject)
	if err != nil {
		return tasks.Task{}, err
	}
	return newTask(body)
}

// mergePatch is the second media type of a PATCH, next to application/json.
const mergePatch = "application/merge-patch+json"

// acceptPatch is the Accept-Patch of a task (RFC 5789 §3.1).
const acceptPatch = mergePatch + ", application/json"

func newTask(body *web.Object) (tasks.Task, error) {
	var t tasks.Task
	t.Title = title(body)
	if body.Has("description") {
		t.Description = description(body)
	}
	if body.Has("completed") {
		t.Completed, _ = body.Bool("completed")
	}
	return t, verdict(body)
}

// readTaskChange reads the body of a PUT or a PATCH. An absent member keeps its value, and
// null clears it (RFC 7396). Only description can be cleared.
func (s *Server) readTaskChange(w http.ResponseWriter, r *http.Request) (tasks.Change, error) {
	var further []string
	if r.Method == http.MethodPatch {
		further = []string{mergePatch} // not for PUT, which does not send a patch
	}
	body, err := s.bodies.ReadObject(w, r, bearer.CallerOf(r).Subject, further...)
	if refused, ok := errors.AsType[*web.Error](err); ok && refused.Status == http.StatusUnsupportedMediaType {
		err = refused.With("Accept-Patch", acceptPatch) // RFC 5789 §2.2
	}
	if err != nil {
		return tasks.Change{}, err
	}
	return taskChange(body)
}

func taskChange(body *web.Object) (tasks.Change, error) {
	var c tasks.Change
	if body.Has("title") {
		text := title(body)
		c.Title = &text
	}
	if body.Has("description") {
		text := description(body)
		c.Description = &text
	}
	if body.Has("completed") {
		done, _ := body.Bool("completed")
		c.Completed = &done
	}
	return c, verdict(body)
}

// title returns the trimmed title. It must be present and visible.
func title(body *web.Object) string {
	text, ok := body.String("title")
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case !ok:
	case n < 1 || n > maxTitle:
		body.Reject("title", titleMessage)
	case !web.Shows(text):
		body.Reject("title", "must have a visible character")
	}
	return text
}

// description returns the description, or nil for null.
func description(body *web.Object) *string {
	if body.IsNull("description") {
		return nil
	}
	text, ok := body.String("description")
	if ok && utf8.RuneCountInString(text) > maxDescription {
		body.Reject("description", fmt.Sprintf("must have at most %d characters", maxDescription))
	}
	return &text
}

// verdict returns all faults of the body at once.
func verdict(body *web.Object) error {
	body.RejectUnknown(readOnly...)
	return invalid(body.Faults()...)
}

func invalid(faults ...web.FieldError) error {
	if len(faults) == 0 {
		return nil
	}
	return invalidFields(faults...)
}

func invalidFields(faults ...web.FieldError) *web.Error {
	e := web.Refuse(http.StatusUnprocessableEntity, "INVALID_INPUT", "The request has invalid fields.")
	e.Fields = faults
	return e
}

var (
	titleMessage  = fmt.Sprintf("must have 1 to %d characters", maxTitle)
	taskIDMessage = "must be a positive whole number"
)

// parseID reads a task's id in its canonical form. ParseInt alone would accept +1 and 01 as
// 1.
func parseID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != text {
		return 0, invalid(web.FieldError{Field: "id", Message: taskIDMessage})
	}
	return id, nil
}

// jsonNames are the names of the members of a struct.
func jsonNames(of reflect.Type) (names []string) {
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
