package api

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store/tasks"
)

// This file is the only place in the API that names the members of a task.

// The limits of a task's texts, in code points. The app has them from a generated file,
// bff/spa/app/limits.js.
const (
	maxTitle       = 255
	maxDescription = 10_000
	maxPosition    = 64
)

var titleMessage = fmt.Sprintf("must have 1 to %d characters", maxTitle)

// schemas are the schemas of a task's members, for answers and requests.
var schemas = map[string]endpoint.Schema{
	"Title": {"type": "string", "minLength": 1, "maxLength": maxTitle,
		"description": "Trimmed of white space at both ends; counted in code points", "examples": []any{"Water the plants"}},
	"Description": {"type": []any{"string", "null"}, "maxLength": maxDescription,
		"description": "Counted in code points; null for none", "examples": []any{"Not the cactus."}},
	"DueOn": {"type": []any{"string", "null"}, "format": "date", "pattern": datePattern,
		"description": "The day on which the task is due, which must exist, without a time zone; null for none. Absent in an answer if there is none", "examples": []any{"2026-02-14"}},
	"Position": {"type": []any{"string", "null"}, "maxLength": maxPosition, "pattern": positionPattern,
		"description": "The place in the user's own order: hexadecimal digits, compared byte by byte. null for the place of a task that was never moved, which is in front of those that were created earlier. Absent in an answer of such a task", "examples": []any{"5c8"}},
	"Ignored": {"readOnly": true, "description": "Ignored in a request"},
}

// membersRow is about the members in the table of docs/api.md.
var membersRow = fmt.Sprintf("`title`: 1–%d code points, trimmed, at least one visible; `description`: up to %d 000, or null; optional `completed`, `due_on` (a date or null), `position` ([Own order](#own-order))", maxTitle, maxDescription/1000)

// taskJSON is a task in answers.
type taskJSON struct {
	ID          int64    `json:"id" schema:"format=int64,minimum=1"`
	UserID      string   `json:"user_id" doc:"The owner"`
	Title       string   `json:"title" as:"Title"`
	Description *string  `json:"description" as:"Description"`
	Completed   bool     `json:"completed"`
	CreatedAt   web.Time `json:"created_at"`
	UpdatedAt   web.Time `json:"updated_at"`
	// Clients of the quickstart know neither of these, and get neither if nobody has set it.
	DueOn    string `json:"due_on,omitempty" as:"DueOn"`
	Position string `json:"position,omitempty" as:"Position"`
}

func toTaskJSON(t tasks.Task) taskJSON {
	shown := taskJSON{
		ID:          t.ID,
		UserID:      t.UserID,
		Title:       t.Title,
		Description: t.Description,
		Completed:   t.Completed,
		CreatedAt:   web.Time(t.CreatedAt),
		UpdatedAt:   web.Time(t.UpdatedAt),
	}
	if t.DueOn != nil {
		shown.DueOn = *t.DueOn
	}
	if t.Moved() {
		shown.Position = t.Position
	}
	return shown
}

// chosenJSON are the members that clients choose, in requests.
type chosenJSON struct {
	Title       string  `json:"title,omitempty" as:"Title"`
	Description *string `json:"description,omitempty" as:"Description"`
	Completed   bool    `json:"completed,omitempty"`
	DueOn       *string `json:"due_on,omitempty" as:"DueOn"`
	Position    *string `json:"position,omitempty" as:"Position"`
}

// readMembers reads the members that clients choose. A new task must have a title.
func readMembers(body *web.Object, isNew bool) (c tasks.Change, err error) {
	if isNew || body.Has("title") {
		c.Title = new(title(body))
	}
	if body.Has("description") {
		c.Description = new(description(body))
	}
	if body.Has("completed") {
		done, _ := body.Bool("completed")
		c.Completed = &done
	}
	if body.Has("due_on") {
		c.DueOn = new(dueOn(body))
	}
	if body.Has("position") {
		c.Position = new(position(body))
	}
	return c, verdict(body)
}

// newTaskJSON is the body that creates a task, and taskChangeJSON the body that changes
// one.
type newTaskJSON struct {
	_ struct{} `schema:"additionalProperties=false,required=[\"title\"],properties.completed.default=false" doc:"The other members of a task are ignored, so that an exported task can be sent back unchanged. Unknown members are a 422."`
	chosenJSON
	readOnlyJSON
}

type taskChangeJSON struct {
	_ struct{} `schema:"additionalProperties=false" doc:"An absent member keeps its value. The other members of a task are ignored, so that a task can be sent back as it was read. Unknown members are a 422."`
	chosenJSON
	readOnlyJSON
}

// readOnlyJSON are members that may be sent back and change nothing.
type readOnlyJSON struct {
	ID        any `json:"id,omitempty" as:"Ignored"`
	UserID    any `json:"user_id,omitempty" as:"Ignored"`
	CreatedAt any `json:"created_at,omitempty" as:"Ignored"`
	UpdatedAt any `json:"updated_at,omitempty" as:"Ignored"`
}

// readOnly are the names of the members that may be sent back and change nothing.
var readOnly = jsonNames(reflect.TypeFor[readOnlyJSON]())

func newTask(body *web.Object) (tasks.Task, error) {
	var t tasks.Task
	c, err := readMembers(body, true)
	c.ApplyTo(&t)
	return t, err
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

// dueOn returns the date, or nil for null.
func dueOn(body *web.Object) *string {
	if body.IsNull("due_on") {
		return nil
	}
	text, ok := body.String("due_on")
	if ok && !isDate(text) {
		body.Reject("due_on", dateMessage+", or null")
	}
	return &text
}

// position returns the position, or "" for null: that of a task that was never moved.
func position(body *web.Object) string {
	if body.IsNull("position") {
		return ""
	}
	text, ok := body.String("position")
	if ok && !isPosition(text) {
		body.Reject("position", positionMessage)
	}
	return text
}

type deletedJSON struct {
	Success bool   `json:"success" schema:"const=true"`
	Message string `json:"message"`
}

// exampleTask is the task in all examples, and completedTask the same task later.
var (
	exampleTask = taskJSON{
		ID: 1, UserID: "usr_k5x2mnv7q4tz3w6ya2bcdefghi", Title: "Water the plants",
		CreatedAt: web.Time(exampleTime), UpdatedAt: web.Time(exampleTime),
	}
	completedTask = func() taskJSON {
		t := exampleTask
		t.Completed, t.UpdatedAt = true, web.Time(exampleTime.Add(30*time.Minute))
		return t
	}()
	exampleText = func() string {
		text, _ := web.EncodeJSON(exampleTask) // a task always encodes
		return string(text)
	}()
	exampleTime = time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)
)
