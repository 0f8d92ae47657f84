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
)

var titleMessage = fmt.Sprintf("must have 1 to %d characters", maxTitle)

// schemas are the schemas of a task's members, for answers and requests.
var schemas = map[string]endpoint.Schema{
	"Title": {"type": "string", "minLength": 1, "maxLength": maxTitle,
		"description": "Trimmed of white space at both ends; counted in code points", "examples": []any{"Water the plants"}},
	"Description": {"type": []any{"string", "null"}, "maxLength": maxDescription,
		"description": "Counted in code points; null for none", "examples": []any{"Not the cactus."}},
	"Ignored": {"readOnly": true, "description": "Ignored in a request"},
}

// membersRow is about the members in the table of docs/api.md.
var membersRow = fmt.Sprintf("`title`: 1–%d code points, trimmed, at least one visible; `description`: up to %d 000, or null; optional `completed`", maxTitle, maxDescription/1000)

// taskJSON is a task in answers.
type taskJSON struct {
	ID          int64    `json:"id" schema:"format=int64,minimum=1"`
	UserID      string   `json:"user_id" doc:"The owner"`
	Title       string   `json:"title" as:"Title"`
	Description *string  `json:"description" as:"Description"`
	Completed   bool     `json:"completed"`
	CreatedAt   web.Time `json:"created_at"`
	UpdatedAt   web.Time `json:"updated_at"`
}

func toTaskJSON(t tasks.Task) taskJSON {
	return taskJSON{
		ID:          t.ID,
		UserID:      t.UserID,
		Title:       t.Title,
		Description: t.Description,
		Completed:   t.Completed,
		CreatedAt:   web.Time(t.CreatedAt),
		UpdatedAt:   web.Time(t.UpdatedAt),
	}
}

// chosenJSON are the members that clients choose, in requests.
type chosenJSON struct {
	Title       string  `json:"title,omitempty" as:"Title"`
	Description *string `json:"description,omitempty" as:"Description"`
	Completed   bool    `json:"completed,omitempty"`
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
