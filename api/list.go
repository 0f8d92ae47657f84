package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"vestibule/store"
)

// listChunk is how much of a list is encoded before it is sent, in bytes: a
// large list costs this much memory, a small one is sent whole with its length.
const listChunk = 32 << 10

// listTasks streams all of the user's tasks. The query is not read: later
// parameters are ignored, and none may ever choose another user.
func (s *Server) listTasks(w http.ResponseWriter, r *http.Request, user string) error {
	out := newTaskList(w)
	for task, err := range s.tasks.ListTasks(r.Context(), user) {
		if err == nil {
			err = out.add(task)
		}
		if err != nil {
			// Once something is sent, web.Fail breaks the connection off: a
			// list that ends early must not read as a whole one.
			return err
		}
	}
	return out.end()
}

// taskList writes a JSON array row by row.
type taskList struct {
	w     http.ResponseWriter
	buf   bytes.Buffer
	enc   *json.Encoder // into buf
	tasks int
	sent  bool // the status is out
}

func newTaskList(w http.ResponseWriter) *taskList {
	l := &taskList{w: w}
	l.enc = json.NewEncoder(&l.buf)
	l.enc.SetEscapeHTML(false)
	l.buf.WriteByte('[')
	return l
}

func (l *taskList) add(t store.Task) error {
	if l.tasks > 0 {
		l.buf.WriteByte(',')
	}
	l.tasks++
	if err := l.enc.Encode(toTaskJSON(t)); err != nil {
		return fmt.Errorf("encode task: %w", err)
	}
	l.buf.Truncate(l.buf.Len() - 1) // Encode ends with a newline
	if l.buf.Len() < listChunk {
		return nil
	}
	return l.send()
}

func (l *taskList) send() error {
	if !l.sent {
		l.sent = true
		l.w.Header().Set("Content-Type", "application/json")
		l.w.WriteHeader(http.StatusOK)
	}
	_, err := l.buf.WriteTo(l.w)
	return err
}

func (l *taskList) end() error {
	l.buf.WriteByte(']')
	if !l.sent {
		l.w.Header().Set("Content-Length", strconv.Itoa(l.buf.Len()))
	}
	_ = l.send() // a write that fails has no reader left to be told
	return nil
}
