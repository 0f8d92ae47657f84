package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strconv"

	"vestibule/internal/endpoint"
	"vestibule/store/tasks"
)

// listChunk is how much of a list is encoded before it is sent, in bytes. A large list
// needs this much memory. A small list is sent whole, with its length.
const listChunk = 32 << 10

var listDoc = endpoint.Doc{
	Tag: "tasks", Summary: "List tasks", Row: "200, all of them, streamed; or a page: [Lists](#lists)",
	Text: "Without `limit` all tasks, streamed, oldest first unless `sort` is given. With `limit` a page: follow `Link` with `rel=\"next\"` until there is none. " +
		"A page may have fewer tasks than `limit`, or none, and yet have a `Link`: one of a search ends where enough was looked through. " +
		"Pages stay right while tasks come and go: a task that is there all the time is on exactly one of them.",
	Params: []*endpoint.Param{limitParam, cursorParam, completedParam, dueFromParam, dueToParam, hasDueParam, searchParam, sortParam},
	Answers: []*endpoint.Answer{{
		Status: 200, Text: "The tasks",
		Headers: []*endpoint.Header{{Component: "Link", Name: "Link", Text: "The address of the next page, with `rel=\"next\"`. Absent on the last page and without `limit`",
			Schema: text, Example: "</api/me/tasks?cursor=Mg&limit=50>; rel=\"next\""}},
		Examples: []endpoint.Example{{Name: "tasks", Value: []taskJSON{exampleTask}}, {Name: "none", Value: []taskJSON{}}},
	}},
}

// listTasks answers one page if there is a limit. Otherwise it streams all tasks.
func (s *Server) listTasks(w http.ResponseWriter, r *http.Request, user string) error {
	q, err := readListQuery(r, user)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead && q.limit == 0 {
		return s.headList(w, r, user, q)
	}
	if q.Searches() {
		turn, leave, err := s.searches.begin(r.Context(), user)
		if err != nil {
			return err
		}
		defer leave()
		q.Turn = turn
	}
	if q.limit > 0 {
		return s.sendPage(w, r, user, q)
	}
	return sendTasks(w, s.tasks.ListTasks(r.Context(), user, q.Query))
}

// headList reads no list: a HEAD may leave out what only the content tells (RFC 9110
// §9.3.2). One row shows whether the list can be read.
func (s *Server) headList(w http.ResponseWriter, r *http.Request, user string, q listQuery) error {
	q.Search, q.Due = "", nil
	if _, _, err := s.tasks.PageTasks(r.Context(), user, q.Query, 1); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	return nil
}

// sendPage answers one page, with a link to the next one (RFC 8288) if there is one.
func (s *Server) sendPage(w http.ResponseWriter, r *http.Request, user string, q listQuery) error {
	tasks, next, err := s.tasks.PageTasks(r.Context(), user, q.Query, q.limit)
	if err != nil {
		return err
	}
	if next != nil {
		q.raw.Set("cursor", writeCursor(*next, user, q.Query))
		w.Header().Set("Link", "<"+tasksPath(user)+"?"+q.raw.Encode()+`>; rel="next"`)
	}
	if err := sendTasks(w, tasks); err != nil {
		w.Header().Del("Link")
		return err
	}
	return nil
}

// sendTasks sends the tasks while it reads them.
func sendTasks(w http.ResponseWriter, tasks iter.Seq2[tasks.Task, error]) error {
	out := newTaskList(w)
	for task, err := range tasks {
		if err == nil {
			err = out.add(task)
		}
		if err != nil {
			// Once something is sent, web.Fail closes the connection: a list that ends
			// early must not look complete.
			return searchFault(err)
		}
	}
	return out.end()
}

// taskList writes a JSON array row by row.
type taskList struct {
	w     http.ResponseWriter
	buf   bytes.Buffer
	enc   *json.Encoder // writes to buf
	tasks int
	sent  bool // the status has been sent
}

func newTaskList(w http.ResponseWriter) *taskList {
	l := &taskList{w: w}
	l.enc = json.NewEncoder(&l.buf)
	l.enc.SetEscapeHTML(false)
	l.buf.WriteByte('[')
	return l
}

func (l *taskList) add(t tasks.Task) error {
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
	_ = l.send() // if the write fails, the client is gone
	return nil
}
