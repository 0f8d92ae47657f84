package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"vestibule/internal/web"
	"vestibule/store"
)

// What a stream of events keeps to (HTML, “Server-sent events”):
//
//   - It begins with the number of the latest event, so that whoever opens the
//     stream and then reads the list misses nothing, and can resume though no
//     event has come yet.
//   - Events come in the order in which they were committed, without gaps. Where
//     that cannot be kept, after a Last-Event-ID that is too old or another
//     database's, a tasks.reset says to read the list again.
//   - It ends with the token that it was asked for with. A browser connects anew,
//     through the BFF with a new token, and resumes.
const (
	heartbeat  = 15 * time.Second // well under the minute after which proxies give up
	eventBatch = 50               // events in memory at a time
	retryAfter = 1000             // milliseconds until a browser connects again
)

// lastEventID returns the number of the last event that the caller has seen; ok
// is false when it names none. The header goes before the parameter: a browser's
// EventSource keeps the address that it was made with, and says in the header what it
// has seen since.
func lastEventID(r *http.Request) (seen int64, ok bool, err error) {
	const message = "must be the id of an event of this stream"
	q, err := parseQuery(r, lastEventParameter)
	if err != nil {
		return 0, false, err
	}
	sent := r.Header["Last-Event-Id"]
	if len(sent) > 0 && !(len(sent) == 1 && sent[0] == "") {
		if seen, ok = eventID(sent[0]); !ok || len(sent) > 1 {
			return 0, false, badHeader("Last-Event-ID", message)
		}
		return seen, true, nil
	}
	text := q.values.Get(lastEventParameter)
	if text == "" {
		return 0, false, q.verdict()
	}
	if seen, ok = eventID(text); !ok {
		q.reject(lastEventParameter, message)
	}
	return seen, ok, q.verdict()
}

// lastEventParameter is for those who cannot set a header: event-source-polyfill calls
// it so, and others do.
const lastEventParameter = "lastEventId"

func eventID(text string) (seq int64, ok bool) {
	seq, err := strconv.ParseInt(text, 10, 64)
	return seq, err == nil && seq >= 0 && strconv.FormatInt(seq, 10) == text
}

// watchTasks streams the changes of the user's tasks until the caller leaves, the
// token expires or the server stops.
func (s *Server) watchTasks(w http.ResponseWriter, r *http.Request, user string) error {
	seen, resuming, err := lastEventID(r)
	if err != nil {
		return err
	}
	l, leave := s.feed.listen(user) // before the first look, so that no change falls between
	defer leave()
	oldest, latest, err := s.tasks.TaskFeed(r.Context(), user)
	if err != nil {
		return err
	}
	out := &eventStream{w: w, control: http.NewResponseController(w), l: l}
	switch {
	case !resuming:
		seen = latest
	case seen > latest || seen+1 < oldest:
		out.reset(latest, "The events after Last-Event-ID are not kept any more. Read the list again.")
		seen = latest
	}
	out.start(seen)
	return s.follow(r.Context(), out, user, callerOf(r).ends().Sub(s.clock()))
}

// follow sends events as they come, and heartbeats between them.
func (s *Server) follow(ctx context.Context, out *eventStream, user string, life time.Duration) error {
	expired := time.NewTimer(life)
	defer expired.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		if err := s.catchUp(ctx, out, user); err != nil {
			return err
		}
		if err := out.flush(); err != nil {
			return nil // the reader has left
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.feed.ended:
			return nil
		case <-expired.C:
			return nil
		case <-out.l.wake:
		case <-beat.C:
			out.buf.WriteString(":\n\n")
		}
	}
}

// catchUp writes all events after the last one that was sent.
func (s *Server) catchUp(ctx context.Context, out *eventStream, user string) error {
	for {
		seen := out.l.seen.Load()
		events, err := s.tasks.TaskEvents(ctx, user, seen, eventBatch)
		if err != nil {
			return err // breaks the stream off; the reader connects again
		}
		for _, e := range events {
			if seen++; e.Seq != seen {
				// The end of the history has overtaken a slow reader, or left a gap.
				_, latest, err := s.tasks.TaskFeed(ctx, user)
				if err == nil {
					out.reset(latest, "Too many changes at once. Read the list again.")
				}
				return err
			}
			if err := out.event(e); err != nil {
				return err
			}
			if out.buf.Len() >= listChunk && out.flush() != nil {
				return nil // the reader has left
			}
		}
		if err := out.flush(); err != nil || len(events) < eventBatch {
			return nil
		}
	}
}

// eventStream writes events. Nothing is sent before flush.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	l       *listener
	buf     bytes.Buffer
}

// start writes the block that sets a browser's Last-Event-ID without an event.
func (o *eventStream) start(seen int64) {
	h := o.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold small events back
	o.l.seen.Store(seen)
	fmt.Fprintf(&o.buf, "retry: %d\nid: %d\n\n", retryAfter, seen)
}

func (o *eventStream) event(e store.TaskEvent) error {
	data, err := web.EncodeJSON(toTaskJSON(e.Task)) // of one line
	if err != nil {
		return err
	}
	fmt.Fprintf(&o.buf, "id: %d\nevent: task.%s\ndata: %s\n\n", e.Seq, e.Kind, data)
	o.l.seen.Store(e.Seq)
	return nil
}

// reset tells the reader to read the list again.
func (o *eventStream) reset(latest int64, reason string) {
	data, _ := web.EncodeJSON(struct { // of a string, always nil
		Reason string `json:"reason"`
	}{reason})
	fmt.Fprintf(&o.buf, "id: %d\nevent: tasks.reset\ndata: %s\n\n", latest, data)
	o.l.seen.Store(latest)
}

func (o *eventStream) flush() error {
	if o.buf.Len() == 0 {
		return nil
	}
	if _, err := o.buf.WriteTo(o.w); err != nil {
		return err
	}
	if o.buf.Cap() > listChunk { // of large tasks; an idle stream has no need of it
		o.buf = bytes.Buffer{}
	}
	return o.control.Flush()
}
