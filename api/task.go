package api

import (
	"vestibule/internal/web"
	"vestibule/store"
)

// taskJSON is a task as it is sent.
type taskJSON struct {
	ID          int64    `json:"id"`
	UserID      string   `json:"user_id"`
	Title       string   `json:"title"`
	Description *string  `json:"description"`
	Completed   bool     `json:"completed"`
	CreatedAt   web.Time `json:"created_at"`
	UpdatedAt   web.Time `json:"updated_at"`
}

func toTaskJSON(t store.Task) taskJSON {
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
