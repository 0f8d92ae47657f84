package store

import (
	"context"
	"strings"
	"time"
)

// What happens to a task.
const (
	TaskCreated = "created"
	TaskUpdated = "updated"
	TaskDeleted = "deleted"
)

// TaskEvent is a change of a task.
type TaskEvent struct {
	Seq  int64  // 1, 2, 3… without gaps for each user
	Kind string // TaskCreated, TaskUpdated or TaskDeleted
	Task Task   // as it was after the change, or before its deletion
}

const (
	taskHistory = 1000     // changes of a user that are kept
	eventRows   = 100      // events that are read at once
	eventBytes  = 15 << 16 // of their texts; with one more task, of 41 KiB, less than 1 MiB
)

// addTaskEvent adds a change to the user's feed, in the transaction that makes it
// and as the last thing there: the feed's row is locked from here to its end, so
// that events become visible in the order of their numbers. Without that a reader
// that has seen 8 would never look for the 7 that is committed later.
func (s *Store) addTaskEvent(ctx context.Context, q querier, kind string, t Task, at time.Time) error {
	var seq int64
	err := q.one(ctx, []any{&seq}, `INSERT INTO task_feed (user_id, seq) VALUES (?, 1)
		ON CONFLICT (user_id) DO UPDATE SET seq = task_feed.seq + 1 RETURNING seq`, t.UserID)
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, `INSERT INTO task_event (user_id, seq, kind, at, task_id, title, description, completed, created_at, updated_at, version)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.UserID, seq, kind, at, t.ID, t.Title, t.Description, t.Completed, t.CreatedAt, t.UpdatedAt, t.Version)
	if err != nil {
		return err
	}
	const tenth = taskHistory / 10 // a statement in so many is saved
	if seq%tenth == 0 {
		if _, err := q.exec(ctx, `DELETE FROM task_event WHERE user_id = ? AND seq <= ?`, t.UserID, seq-taskHistory); err != nil {
			return err
		}
	}
	q.announce(t.UserID, seq)
	return nil
}

// TaskEvents returns the user's next events after the one with the number after, in
// order, until their texts have limit bytes or more; beyond 1 MiB the limit is of no
// effect. A number is missing where an event is no longer kept, in the middle too:
// events are deleted by their time, which is the clock's of the instance that made the
// change.
func (s *Store) TaskEvents(ctx context.Context, userID string, after int64, limit int) (events []TaskEvent, err error) {
	err = s.call(ctx, "task events", func(ctx context.Context) error {
		var e TaskEvent
		t := &e.Task
		// The database counts the bytes, of which it knows the number without reading
		// them: what it sends is in the driver's memory, whatever becomes of it.
		return querier{s.often}.each(ctx, []any{&e.Seq, &e.Kind, &t.ID, &t.UserID, &t.Title, &t.Description, &t.Completed,
			instant{&t.CreatedAt}, instant{&t.UpdatedAt}, &t.Version}, func() { events = append(events, e) },
			`SELECT seq, kind, task_id, user_id, title, description, completed, created_at, updated_at, version
			FROM (SELECT *, SUM(size) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS total
				FROM (SELECT *, octet_length(title) + COALESCE(octet_length(description), 0) AS size
					FROM task_event WHERE user_id = ? AND seq > ? ORDER BY seq LIMIT ?) AS next) AS counted
			WHERE total - size < ? ORDER BY seq`, userID, after, eventRows, min(limit, eventBytes))
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}

// MoreTaskEvents reports whether there may have been more events than those that
// TaskEvents has returned for this limit.
func MoreTaskEvents(events []TaskEvent, limit int) bool {
	size := 0
	for _, e := range events {
		size += len(e.Task.Title)
		if e.Task.Description != nil {
			size += len(*e.Task.Description)
		}
	}
	return len(events) == eventRows || size >= min(limit, eventBytes)
}

// TaskFeed returns the numbers of the user's oldest event that is kept and of the
// latest there was. Without a kept event oldest is latest+1.
func (s *Store) TaskFeed(ctx context.Context, userID string) (oldest, latest int64, err error) {
	err = s.call(ctx, "task feed", func(ctx context.Context) error {
		// One statement, for one view of both.
		return querier{s.often}.one(ctx, []any{&oldest, &latest},
			`SELECT COALESCE((SELECT MIN(e.seq) FROM task_event e WHERE e.user_id = ?), COALESCE(MAX(f.seq), 0) + 1), COALESCE(MAX(f.seq), 0)
			FROM task_feed f WHERE f.user_id = ?`, userID, userID)
	})
	return oldest, latest, err
}

// TaskFeeds returns the number of the latest event of each of these users who
// has one.
func (s *Store) TaskFeeds(ctx context.Context, userIDs []string) (map[string]int64, error) {
	const batch = 1000
	latest := make(map[string]int64, len(userIDs))
	for len(userIDs) > 0 {
		n := min(batch, len(userIDs))
		var args []any
		for _, id := range userIDs[:n] {
			args = append(args, id)
		}
		userIDs = userIDs[n:]
		err := s.call(ctx, "task feeds", func(ctx context.Context) error {
			var id string
			var seq int64
			return querier{s.read}.each(ctx, []any{&id, &seq}, func() { latest[id] = seq },
				`SELECT user_id, seq FROM task_feed WHERE user_id IN (?`+strings.Repeat(", ?", n-1)+`)`, args...)
		})
		if err != nil {
			return nil, err
		}
	}
	return latest, nil
}

// DeleteTaskEvents deletes up to limit of the events from before then, and
// returns how many there were.
func (s *Store) DeleteTaskEvents(ctx context.Context, before time.Time, limit int) (n int64, err error) {
	err = s.tx(ctx, "delete task events", func(ctx context.Context, q querier) (err error) {
		n, err = q.exec(ctx, `DELETE FROM task_event WHERE (user_id, seq) IN
			(SELECT user_id, seq FROM task_event WHERE at < ? ORDER BY at LIMIT ?)`, before, limit)
		return err
	})
	return n, err
}
