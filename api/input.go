package api

import (
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"vestibule/api/bearer"
	"vestibule/internal/web"
	"vestibule/store/tasks"
)

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

// readTaskChange reads the body of a PUT or a PATCH. An absent member keeps its value, and
// null clears it (RFC 7396).
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
	return readMembers(body, false)
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

const taskIDMessage = "must be a positive whole number"

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
