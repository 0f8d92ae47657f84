package tasks

import (
	"context"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"vestibule/store/db"
)

// What happens to a task.
const (
	Created = "created"
	Updated = "updated"
	Deleted = "deleted"
)

// Event is a change of a task.
type Event struct {
	Seq  int64  // 1, 2, 3… without gaps for each user
	Kind string // Created, Updated or Deleted
	Task Task   // as it was after the change, or before its deletion
}

const (
	taskHistory      = 1000    // changes of a user that are kept
	taskHistoryBytes = 8 << 20 // of their JSON

	eventRows  = 100      // events that are read at once
	eventBytes = 15 << 16 // of their JSON; with one more task, of 61 KiB, less than 1 MiB
)

// addTaskEvent adds a change to the user's feed, in the transaction that makes it
// and as the last thing there: the feed's row is locked from here to its end, so
// that events become visible in the order of their numbers. Without that a reader
// that has seen 8 would never look for the 7 that is committed later.
//
// The feed's row goes with the user's, and cannot be added without it: what is written
// for a user who has been deleted fails here.
//
// It waits in the user's queue before it locks the row. So nothing locked may be kept
// from store.Tx.DeleteUser until then: rows of the user, or of their sessions.
func (s *Store) addTaskEvent(ctx context.Context, q db.Querier, kind string, t Task, at time.Time) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	size := int64(len(text))
	more := map[string]int{Created: 1, Deleted: -1}[kind] // tasks
	var seq, bytes, tasks int64
	err = q.One(ctx, []any{&seq, &bytes, &tasks}, `INSERT INTO task_feed (user_id, seq, event_bytes, tasks)
		SELECT u.id, 1, CAST(? AS bigint), CAST(? AS bigint) FROM (SELECT CAST(? AS text) AS id) AS u`+s.Dialect().ShareSQL+` WHERE true
		ON CONFLICT (user_id) DO UPDATE SET seq = task_feed.seq + 1, event_bytes = task_feed.event_bytes + ?, tasks = task_feed.tasks + ?
		RETURNING seq, event_bytes, tasks`, size, more, t.UserID, size, more)
	if err != nil {
		return err
	}
	if kind == Created && s.TasksPerUser > 0 && tasks > int64(s.TasksPerUser) {
		return ErrTooManyTasks
	}
	_, err = q.Exec(ctx, `INSERT INTO task_event (user_id, seq, kind, at, bytes_to, task) VALUES (?, ?, ?, ?, ?, ?)`, t.UserID, seq, kind, at, bytes, string(text))
	if err != nil {
		return err
	}
	if err := shortenHistory(ctx, q, t.UserID, seq, bytes, size); err != nil {
		return err
	}
	q.Announce(t.UserID, seq)
	return nil
}

// shortenHistory deletes the user's oldest events beyond what is kept. It looks after
// every so many events, or so much text, and deletes a bounded number.
func shortenHistory(ctx context.Context, q db.Querier, userID string, seq, bytes, size int64) error {
	const (
		tenth = taskHistory / 10
		text  = taskHistoryBytes / 8
		most  = 2 * tenth // rows in a statement; more than come between two looks
	)
	if seq%tenth != 0 && (bytes-size)/text == bytes/text {
		return nil
	}
	var oldest, kept int64
	err := q.One(ctx, []any{&oldest, &kept}, `SELECT
		(SELECT seq FROM task_event WHERE user_id = ? ORDER BY seq LIMIT 1),
		(SELECT seq FROM task_event WHERE user_id = ? AND bytes_to > ? ORDER BY seq LIMIT 1)`, userID, userID, bytes-taskHistoryBytes)
	if err != nil {
		return err
	}
	end := min(max(kept, seq-taskHistory+1), oldest+most)
	_, err = q.Exec(ctx, `DELETE FROM task_event WHERE user_id = ? AND seq < ?`, userID, end)
	return err
}

// TaskEvents returns the user's next events after the one with the number after, in
// order, until their JSON has limit bytes or more. It never returns much more than
// eventBytes. more: there may be further events. A number is missing where an event is no
// longer kept. This happens in the middle too: events are deleted by their time, and each
// instance takes the time from its own clock.
func (s *Store) TaskEvents(ctx context.Context, userID string, after int64, limit int) (events []Event, more bool, err error) {
	limit = min(limit, eventBytes)
	size := 0
	err = s.Call(ctx, "task events", func(ctx context.Context) error {
		var e Event
		text := taskText{to: &e.Task}
		// The database adds up the bytes. It knows their number without reading them, and
		// what it sends would be in the driver's memory before we could count it.
		return s.often.Each(ctx, []any{&e.Seq, &e.Kind, &text}, func() {
			events = append(events, e)
			size += text.size
		}, `SELECT seq, kind, task
			FROM (SELECT *, SUM(size) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS total
				FROM (SELECT seq, kind, task, octet_length(task) AS size
					FROM task_event WHERE user_id = ? AND seq > ?`+notDeleted+` ORDER BY seq LIMIT ?) AS next) AS counted
			WHERE total - size < ? ORDER BY seq`, userID, after, userID, eventRows, limit)
	})
	if err != nil {
		return nil, false, err
	}
	return events, len(events) == eventRows || size >= limit, nil
}

// taskText is the scan destination of a task as JSON.
type taskText struct {
	to   *Task
	size int // of the JSON, in bytes
}

// Scan implements sql.Scanner.
func (t *taskText) Scan(value any) error {
	var text []byte
	switch v := value.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	}
	*t.to, t.size = Task{}, len(text) // without the pointers of the row before
	return json.Unmarshal(text, t.to)
}

// TaskFeed returns the numbers of the user's oldest event that is kept and of the
// latest there was. Without a kept event oldest is latest+1.
func (s *Store) TaskFeed(ctx context.Context, userID string) (oldest, latest int64, err error) {
	err = s.Call(ctx, "task feed", func(ctx context.Context) error {
		// One statement, for one view of both.
		return s.often.One(ctx, []any{&oldest, &latest},
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
		err := s.Call(ctx, "task feeds", func(ctx context.Context) error {
			var id string
			var seq int64
			return s.Read().Each(ctx, []any{&id, &seq}, func() { latest[id] = seq },
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
	err = s.DB.Tx(ctx, "delete task events", func(ctx context.Context, q db.Querier) (err error) {
		n, err = q.Exec(ctx, `DELETE FROM task_event WHERE (user_id, seq) IN
			(SELECT user_id, seq FROM task_event WHERE at < ? ORDER BY at LIMIT ?)`, before, limit)
		return err
	})
	return n, err
}
