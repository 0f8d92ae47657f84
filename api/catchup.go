package api

import (
	"context"
	"errors"
	"fmt"

	"vestibule/internal/web"
	"vestibule/store/tasks"
)

const (
	readSize = 64 << 10 // bytes of text that are read at once, give or take a task

	tooMany = "Too many changes at once. Read the list again."
)

// readEvents returns some of the next events, and whether there may be more.
func (f *feed) readEvents(ctx context.Context, user string, after int64) (events []tasks.Event, more bool, err error) {
	select {
	case f.reads <- struct{}{}:
		defer func() { <-f.reads }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	events, err = f.tasks.TaskEvents(ctx, user, after, readSize)
	return events, tasks.MoreEvents(events, readSize), err
}

// changesAfter reads for a hub. Where events are missing, up to the one that is wanted,
// the last of the changes is a reset.
func (f *feed) changesAfter(user string, after, wanted int64) (list []change, more bool, err error) {
	// Not a stream's context: it reads for them all. The store bounds its calls.
	ctx := context.Background()
	events, more, err := f.readEvents(ctx, user, after)
	if err != nil {
		return nil, false, err
	}
	for _, e := range events {
		if e.Seq != after+1 {
			break
		}
		data, err := appendEvent(nil, e)
		if err != nil {
			return nil, false, err
		}
		list = append(list, change{after, e.Seq, data})
		after = e.Seq
	}
	if len(list) < len(events) || len(events) == 0 && wanted > after {
		_, latest, err := f.tasks.TaskFeed(ctx, user)
		if err != nil {
			return nil, false, err
		}
		latest = max(latest, wanted) // not back, whatever has become of the user
		return append(list, change{after, latest, appendReset(nil, latest, tooMany)}), false, nil
	}
	return list, more, nil
}

// catchUp reads and sends some of the events that the stream lacks and its hub does not
// have any more. The place among those who do so is held until they are sent: it is for
// the memory, too.
func (s *Server) catchUp(ctx context.Context, out *eventStream) error {
	user := out.l.hub.user
	wait, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	leave, err := s.feed.batches.Enter(wait, user, 1)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return errors.Join(out.beat(), out.flush())
	}
	if err != nil {
		return err
	}
	defer leave()
	events, _, err := s.feed.readEvents(ctx, user, out.seen)
	if err != nil {
		return err
	}
	var block []byte
	for _, e := range events {
		if e.Seq != out.seen+1 || ctx.Err() != nil {
			break
		}
		if block, err = appendEvent(block[:0], e); err == nil {
			err = out.write(e.Seq, block)
		}
		if err != nil {
			return err
		}
	}
	if ctx.Err() != nil || len(events) > 0 && events[len(events)-1].Seq == out.seen {
		return nil
	}
	// The end of the history has overtaken a slow reader, or left a gap.
	_, latest, err := s.tasks.TaskFeed(ctx, user)
	if err != nil {
		return err
	}
	return out.write(latest, appendReset(nil, latest, tooMany))
}

// appendEvent adds the event as it is sent.
func appendEvent(b []byte, e tasks.Event) ([]byte, error) {
	data, err := web.EncodeJSON(toTaskJSON(e.Task)) // of one line
	if err != nil {
		return b, err
	}
	return fmt.Appendf(b, "id: %d\nevent: task.%s\ndata: %s\n\n", e.Seq, e.Kind, data), nil
}

// appendReset adds an event that tells the reader to read the list again.
func appendReset(b []byte, latest int64, reason string) []byte {
	data, _ := web.EncodeJSON(struct { // of a string, always nil
		Reason string `json:"reason"`
	}{reason})
	return fmt.Appendf(b, "id: %d\nevent: tasks.reset\ndata: %s\n\n", latest, data)
}
