package api

import (
	"time"

	"vestibule/internal/web"
	"vestibule/store/tasks"
)

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

// newTaskJSON is the body that creates a task, and taskChangeJSON the body that changes
// one.
type newTaskJSON struct {
	_           struct{} `schema:"additionalProperties=false" doc:"The other members of a task are ignored, so that an exported task can be sent back unchanged. Unknown members are a 422."`
	Title       string   `json:"title" as:"Title"`
	Description *string  `json:"description,omitempty" as:"Description"`
	Completed   bool     `json:"completed,omitempty" schema:"default=false"`
	readOnlyJSON
}

type taskChangeJSON struct {
	_           struct{} `schema:"additionalProperties=false" doc:"An absent member keeps its value. The other members of a task are ignored, so that a task can be sent back as it was read. Unknown members are a 422."`
	Title       string   `json:"title,omitempty" as:"Title"`
	Description *string  `json:"description,omitempty" as:"Description"`
	Completed   bool     `json:"completed,omitempty"`
	readOnlyJSON
}

// readOnlyJSON are members that may be sent back and change nothing.
type readOnlyJSON struct {
	ID        any `json:"id,omitempty" as:"Ignored"`
	UserID    any `json:"user_id,omitempty" as:"Ignored"`
	CreatedAt any `json:"created_at,omitempty" as:"Ignored"`
	UpdatedAt any `json:"updated_at,omitempty" as:"Ignored"`
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
