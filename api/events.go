package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"vestibule/api/bearer"
	"vestibule/internal/endpoint"
	"vestibule/internal/fair"
	"vestibule/internal/web"
)

// The rules of an event stream (HTML, “Server-sent events”):
//
//   - It begins with the number of the latest event. So a client that opens the stream and
//     then reads the list misses nothing, and can resume even before the first event.
//   - Events arrive in the order of their commits, without gaps. If that is impossible,
//     because the Last-Event-ID is too old or from another database, or because the database
//     has lost commits (lost.go), a tasks.reset event tells the client to read the list again.
//   - It ends when its token expires. A browser then connects again, through the BFF with a
//     new token, and resumes.
const (
	heartbeat  = 15 * time.Second // well below the minute after which proxies give up
	retryAfter = 1000             // milliseconds until a browser connects again
	fullAfter  = "30"             // seconds until the next try when all places are taken
)

// lastEventID returns the number of the last event that the caller has seen. ok is false
// when the request names none. The header wins over the parameter: a browser's EventSource
// keeps its first address, and sends its latest event in the header.
func lastEventID(r *http.Request) (seen int64, ok bool, err error) {
	q, err := parseQuery(r, lastEventParameter)
	if err != nil {
		return 0, false, err
	}
	sent := r.Header["Last-Event-Id"]
	if len(sent) > 0 && !(len(sent) == 1 && sent[0] == "") {
		if seen, ok = eventID(sent[0]); !ok || len(sent) > 1 {
			return 0, false, errLastEvent
		}
		return seen, true, nil
	}
	text := q.values.Get(lastEventParameter)
	if text == "" {
		return 0, false, q.verdict()
	}
	if seen, ok = eventID(text); !ok {
		q.reject(lastEventParameter, lastEventMessage)
	}
	return seen, ok, q.verdict()
}

const lastEventMessage = "must be the id of an event of this stream"

var errLastEvent = badHeader("Last-Event-ID", lastEventMessage)

// lastEventParameter is for clients that cannot set a header. event-source-polyfill and
// others use this name.
const lastEventParameter = "lastEventId"

func eventID(text string) (seq int64, ok bool) {
	seq, err := strconv.ParseInt(text, 10, 64)
	return seq, err == nil && seq >= 0 && strconv.FormatInt(seq, 10) == text
}

// errStreams answers when the caller, or all callers together, have too many streams open.
var errStreams = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_STREAMS", "Too many event streams are open").With("Retry-After", fullAfter)

var watchDoc = endpoint.Doc{
	Tag: "tasks", Summary: "Follow changes of tasks", Row: "200 `text/event-stream`: [Changes](#changes)",
	Text: "Server-sent events for all changes, from any client and instance, within a second. The stream begins with a block that has only `retry:` and `id:`. " +
		"Then each change is an event: `task.created`, `task.updated` and `task.deleted` with the task as `data` (a deleted one as it last was). " +
		"`tasks.reset` says that the changes since `Last-Event-ID` cannot be told any more: read the list anew. A comment every 15 seconds keeps the connection. " +
		"The stream ends when the token expires; connect again with a new one and the last `id`.",
	Params: []*endpoint.Param{
		{Component: "LastEventId", Name: "Last-Event-ID", In: "header", Text: "The `id` of the last event received: the stream goes on after it", Schema: text, Example: "42"},
		{Component: "LastEventIdQuery", Name: lastEventParameter, In: "query", Text: "The same, for a client that cannot send the header. The header wins",
			Schema: endpoint.Schema{"type": "string", "pattern": "^[0-9]*$"}, Example: "42"},
	},
	Answers: []*endpoint.Answer{{
		Status: 200, Text: "The stream", Type: "text/event-stream",
		Headers: []*endpoint.Header{{Component: "Unbuffered", Name: "X-Accel-Buffering", Text: "Asks proxies like nginx to pass events on at once",
			Schema: endpoint.Schema{"type": "string", "const": "no"}, Example: "no"}},
		Examples: []endpoint.Example{
			{Name: "changes", Value: "retry: 1000\nid: 41\n\nid: 42\nevent: task.created\ndata: " + exampleText + "\n\n: \n\n"},
			{Name: "reset", Value: "id: 97\nevent: tasks.reset\ndata: {\"reason\":\"The events after Last-Event-ID are not kept any more. Read the list again.\"}\n\n"},
		},
	}, {
		Component: "BadLastEventId", Status: 400, Errors: []*web.Error{errLastEvent, badPath},
		Text: "`Last-Event-ID` is invalid (`errors` names it). Or the path or the query is invalid.",
	}},
}

// watchTasks streams the changes of the user's tasks until the caller leaves, the token
// expires or the server stops.
//
// There may be thousands of streams. The stack of a goroutine shrinks, by half, only while it
// uses less than a quarter of it. So what opens a stream has a frame of its own, which is gone
// when the stream waits.
func (s *Server) watchTasks(w http.ResponseWriter, r *http.Request, user string) error {
	out, leave, err := s.openStream(w, r, user)
	if out == nil {
		return err
	}
	defer leave()
	return s.follow(r.Context(), out)
}

// openStream opens a stream and writes its begin. It returns nil if there is none to follow.
func (s *Server) openStream(w http.ResponseWriter, r *http.Request, user string) (_ *eventStream, leave func(), err error) {
	seen, resuming, err := lastEventID(r)
	if err != nil {
		return nil, nil, err
	}
	caller := bearer.CallerOf(r)
	out := &eventStream{w: w, control: http.NewResponseController(w), asked: make(chan struct{}, 1)}
	done, err := s.feed.places.Enter(r.Context(), streamsOf(caller, user), out.ask)
	if errors.As(err, new(fair.Full)) {
		return nil, nil, errStreams.Because(err)
	}
	if err != nil {
		return nil, nil, err
	}
	var stop func()
	out.l, stop = s.feed.listen(user) // before the first read, so that no change is missed
	end := func() { stop(); done() }
	opened := false
	defer func() {
		if !opened { // also after a panic
			end()
		}
	}()
	reset, err := s.beginning(r.Context(), out, user, &seen, resuming)
	if err != nil || out.begin(seen, reset) != nil {
		return nil, nil, err
	}
	out.life = caller.Ends().Sub(s.clock())
	opened = true
	return out, end, nil
}

// beginning sets the number after which the stream begins. It returns what its reader must be
// told first.
func (s *Server) beginning(ctx context.Context, out *eventStream, user string, seen *int64, resuming bool) (reset []byte, err error) {
	oldest, now, err := s.tasks.TaskFeed(ctx, user)
	if err != nil {
		return nil, err
	}
	out.l.start(now)
	switch {
	case !resuming:
		*seen = now.Seq
	case *seen > now.Seq || *seen+1 < oldest:
		reset = appendReset(nil, now.Seq, "The events after Last-Event-ID are not kept any more. Read the list again.")
		*seen = now.Seq
	}
	return reset, nil
}

// streamsOf names who the place of a stream counts for. A service has separate places for
// each user that it watches, so neither takes the places of the other.
func streamsOf(caller bearer.Caller, user string) string {
	if caller.Subject == user && caller.Actor == "" {
		return user
	}
	return user + " " + caller.Name()
}

// follow sends changes as they arrive, with heartbeats between them.
func (s *Server) follow(ctx context.Context, out *eventStream) error {
	ctx, cancel := context.WithTimeout(ctx, out.life)
	defer cancel()
	defer context.AfterFunc(s.feed.ended, cancel)()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		err := s.sendAll(ctx, out)
		if err == nil {
			err = out.flush()
		}
		if ctx.Err() != nil || errors.Is(err, errLeft) {
			return nil
		}
		if err != nil {
			return err // aborts the stream; the reader connects again
		}
		select {
		case <-ctx.Done():
			return nil
		case <-out.l.wake:
		case <-beat.C:
			_ = out.beat() // the flush finds out whether the reader has left
		case <-out.asked:
			_ = out.beat()
		}
	}
}

// sendAll writes all events after the last sent one.
func (s *Server) sendAll(ctx context.Context, out *eventStream) error {
	for ctx.Err() == nil {
		c, behind, err := out.l.hub.next(out.l, out.seen)
		switch {
		case err != nil:
			return err
		case behind:
			err = s.catchUp(ctx, out)
		case c == nil:
			return nil
		default:
			err = out.write(c.seq, c.data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
