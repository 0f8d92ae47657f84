package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"vestibule/api/bearer"
	"vestibule/internal/web"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// entityTag is the strong ETag of a task (RFC 9110 §8.8.3). The version is enough: a tag is
// only compared with tags of the same resource, and an id is never used for another task.
func entityTag(t tasks.Task) string {
	return `"` + strconv.FormatInt(t.Version, 10) + `"`
}

// condition is what If-Match and If-None-Match require of the request's task.
type condition struct {
	at     *tasks.Versions // nil: any version
	absent bool            // If-None-Match: *
}

// readCondition reads both headers for methods that change the task. For GET it leaves out
// If-None-Match, which means something else there.
func readCondition(r *http.Request) (c condition, err error) {
	c.at, err = ifMatch(r)
	if err != nil || safe(r.Method) {
		return c, err
	}
	sent := r.Header["If-None-Match"]
	if sent == nil {
		return c, nil
	}
	tags, star, err := web.ParseTags(sent)
	if err != nil {
		return c, badTags("If-None-Match", err)
	}
	if c.absent = star; !star {
		if c.at == nil {
			c.at = &tasks.Versions{}
		}
		c.at.Not = versions(tags) // weak tags too (§13.1.2)
	}
	return c, nil
}

func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// ifMatch returns the versions that a request is meant for, nil for any. RFC 9110 §13.1.1
// says that weak tags never match, because servers may keep a weak tag across changes. Our
// tags are strong and unique numbers. A weak one was made by a server in front of us, and
// still means exactly that version.
func ifMatch(r *http.Request) (*tasks.Versions, error) {
	sent := r.Header["If-Match"]
	if sent == nil {
		return nil, nil
	}
	tags, star, err := web.ParseTags(sent)
	switch {
	case err != nil:
		return nil, badTags("If-Match", err)
	case star:
		return nil, nil
	}
	return &tasks.Versions{Only: versions(tags)}, nil
}

// versions returns the versions that tags name. A foreign tag names no version.
func versions(tags []web.Tag) []int64 {
	list := []int64{}
	for _, tag := range tags {
		text := tag.Sent()
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
			list = append(list, n)
		}
	}
	return list
}

// notModified reports whether the caller already has this version.
func notModified(r *http.Request, t tasks.Task) bool {
	return web.Known(r.Header["If-None-Match"], entityTag(t))
}

// read returns a task for which the condition holds. If-Match comes first (§13.2.2).
func (c condition) read(ctx context.Context, tasks Tasks, user string, id int64) (tasks.Task, error) {
	task, err := tasks.Task(ctx, user, id)
	if err == nil {
		err = c.at.Check(task.Version)
	}
	if err == nil && c.absent {
		err = errExists
	}
	return task, err
}

var (
	errNoTask  = web.Refuse(http.StatusNotFound, "NOT_FOUND", "Task not found")
	errExists  = web.Refuse(http.StatusPreconditionFailed, "PRECONDITION_FAILED", "The task exists, and If-None-Match requires that it does not")
	errChanged = web.Refuse(http.StatusPreconditionFailed, "PRECONDITION_FAILED", "The task has changed since it was read")
)

// refusal translates the store's errors to answers. A task of another user is not found, as
// if it did not exist.
func refusal(err error) error {
	switch {
	case errors.Is(err, db.ErrNotFound):
		return errNoTask
	case errors.Is(err, tasks.ErrChanged):
		return errChanged
	case errors.Is(err, tasks.ErrExcluded):
		return web.Refuse(http.StatusPreconditionFailed, "PRECONDITION_FAILED", "The task is at a version that If-None-Match excludes")
	case errors.Is(err, db.ErrNoUser):
		return bearer.ErrNoSubject.Because(err)
	case errors.Is(err, tasks.ErrTooManyTasks):
		return errTooManyTasks
	}
	return err
}

var errTooManyTasks = web.Refuse(http.StatusConflict, "TOO_MANY_TASKS", "The user has reached the limit of tasks. Delete some to make room.")

const tagsMessage = `must be * or a list of entity tags like "3"`

func badTags(name string, cause error) error {
	return badHeader(name, tagsMessage).Because(cause)
}

// badHeader refuses an invalid header.
func badHeader(name, message string) *web.Error {
	e := web.Refuse(http.StatusBadRequest, "INVALID_HEADER", "The request has an invalid header.")
	e.Fields = []web.FieldError{{Field: name, Message: message}}
	return e
}
