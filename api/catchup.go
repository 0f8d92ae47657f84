package api

import (
	"context"
	"errors"
	"fmt"

	"vestibule/internal/web"
	"vestibule/store/tasks"
)

const (
	readSize = 64 << 10 // bytes of JSON in one read; the last task may exceed it

	tooMany = "Too many changes at once. Read the list again."
)

// readEvents returns some of the next events. more reports whether there may be others.
func (f *feed) readEvents(ctx context.Context, user string, after tasks.Place) (events []tasks.Event, more bool, err error) {
	select {
	case f.reads <- struct{}{}:
		defer func() { <-f.reads }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	return f.tasks.TaskEvents(ctx, user, after, readSize)
}

// changesAfter reads changes for a hub. If events up to wanted are missing, the last change
// is a reset.
func (f *feed) changesAfter(user string, after tasks.Place, wanted int64) (got found, err error) {
	got, empty, err := f.readChanges(user, after, wanted)
	if empty && err == nil && got.now.Seq > after.Seq { // it may have been committed between the two reads
		got, _, err = f.readChanges(user, after, wanted)
	}
	return got, err
}

// readChanges is one attempt of changesAfter. empty is whether it has found no events, and no
// loss, where there should be some.
func (f *feed) readChanges(user string, after tasks.Place, wanted int64) (got found, empty bool, err error) {
	// Not the context of one stream: this reads for all of them. The store bounds its
	// calls.
	ctx := context.Background()
	events, more, err := f.readEvents(ctx, user, after)
	got.lost = errors.Is(err, tasks.ErrOtherHistory)
	if err != nil && !got.lost {
		return found{}, false, err
	}
	last := after.Seq
	for _, e := range events {
		if e.Seq != last+1 {
			break
		}
		data, err := appendEvent(nil, e)
		if err != nil {
			return found{}, false, err
		}
		got.changes = append(got.changes, change{last, e.Seq, e.At, data})
		last = e.Seq
	}
	whole := len(got.changes) == len(events) && (len(events) > 0 || wanted <= last)
	if whole && !got.lost {
		got.more = more
		return got, false, nil
	}
	_, now, err := f.tasks.TaskFeed(ctx, user)
	if err != nil {
		return found{}, false, err
	}
	got.now = &now
	if !got.lost && now.Seq > last {
		got.changes = append(got.changes, change{last, now.Seq, now.At, appendReset(nil, now.Seq, tooMany)})
	}
	return got, len(events) == 0 && !got.lost, nil
}

// catchUp reads and sends events that the stream lacks and its hub no longer has. It holds
// its place until they are sent, because the place also bounds the memory.
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
	events, _, err := s.feed.readEvents(ctx, user, tasks.Place{Seq: out.seen})
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
	// The history was cut off past a slow reader, or has a gap.
	from := out.l.hub.current()
	_, now, err := s.tasks.TaskFeed(ctx, user)
	if err != nil || out.l.hub.ends(from, now) { // then the hub has the reset
		return err
	}
	return out.write(now.Seq, appendReset(nil, now.Seq, tooMany))
}

// appendEvent appends the event in the format of the stream.
func appendEvent(b []byte, e tasks.Event) ([]byte, error) {
	data, err := web.EncodeJSON(toTaskJSON(e.Task)) // a single line
	if err != nil {
		return b, err
	}
	return fmt.Appendf(b, "id: %d\nevent: task.%s\ndata: %s\n\n", e.Seq, e.Kind, data), nil
}

// appendReset appends an event that tells the reader to read the list again.
func appendReset(b []byte, latest int64, reason string) []byte {
	data, _ := web.EncodeJSON(struct { // a string always encodes
		Reason string `json:"reason"`
	}{reason})
	return fmt.Appendf(b, "id: %d\nevent: tasks.reset\ndata: %s\n\n", latest, data)
}
