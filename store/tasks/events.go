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
	At   time.Time
}

const (
	taskHistory      = 1000    // changes of a user that are kept
	taskHistoryBytes = 8 << 20 // of their JSON

	eventRows  = 100      // events that are read at once
	eventBytes = 15 << 16 // of their JSON; with one more task, of 61 KiB, less than 1 MiB
)

// shortenLimit bounds the time for it. The answer to the change waits.
const shortenLimit = time.Second

// shortenHistory deletes the user's oldest events beyond what is kept, after a change. It
// looks after every so many events, or so much text, and deletes a bounded number. When it
// fails, the next look deletes the rest: the change has happened.
func (s *Store) shortenHistory(ctx context.Context, userID string, f feed) {
	const (
		tenth = taskHistory / 10
		text  = taskHistoryBytes / 8
		most  = 2 * tenth // rows in a statement; more than come between two looks
	)
	if f.seq%tenth != 0 && (f.bytes-f.size)/text == f.bytes/text {
		return
	}
	// A client that leaves after its change must not keep its events.
	ctx, cancel := db.Within(context.WithoutCancel(ctx), shortenLimit)
	defer cancel()
	_ = s.DB.Tx(ctx, "shorten history", func(ctx context.Context, q db.Querier) error {
		var oldest, kept int64
		err := q.One(ctx, []any{&oldest, &kept}, `SELECT
			COALESCE((SELECT seq FROM task_event WHERE user_id = ? ORDER BY seq LIMIT 1), 0),
			COALESCE((SELECT seq FROM task_event WHERE user_id = ? AND bytes_to > ? ORDER BY seq LIMIT 1), 0)`, userID, userID, f.bytes-taskHistoryBytes)
		if err != nil {
			return err
		}
		end := min(max(kept, f.seq-taskHistory+1), oldest+most)
		_, err = q.Exec(ctx, `DELETE FROM task_event WHERE user_id = ? AND seq < ?`, userID, end)
		return err
	})
}

// TaskEvents returns the user's next events after a place, in order, until their JSON has
// limit bytes or more. It never returns much more than eventBytes. more: there may be
// further events. A number is missing where an event is no longer kept. This happens in the
// middle too: events are deleted by their time, and each instance takes the time from its
// own clock. It returns ErrOtherHistory if there are events, and they follow another event
// than that of the place.
func (s *Store) TaskEvents(ctx context.Context, userID string, after Place, limit int) (events []Event, more bool, err error) {
	limit = min(limit, eventBytes)
	size := 0
	before := Place{Seq: after.Seq}
	err = s.Call(ctx, "task events", func(ctx context.Context) error {
		var e Event
		var at *time.Time
		text := taskText{to: &e.Task}
		// The database adds up the bytes. It knows their number without reading them, and
		// what it sends would be in the driver's memory before we could count it.
		return s.often.Each(ctx, []any{&e.Seq, &e.Kind, &text, db.Instant(&e.At), db.NullInstant(&at)}, func() {
			events = append(events, e)
			size += text.size
			before.At = timeOf(at)
		}, `SELECT seq, kind, task, at, (SELECT at FROM task_event WHERE user_id = ? AND seq = ?)
			FROM (SELECT *, SUM(size) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS total
				FROM (SELECT seq, kind, task, at, octet_length(task) AS size
					FROM task_event WHERE user_id = ? AND seq > ?`+notDeleted+` ORDER BY seq LIMIT ?) AS next) AS counted
			WHERE total - size < ? ORDER BY seq`, userID, after.Seq, userID, after.Seq, userID, eventRows, limit)
	})
	if err == nil && before.Lacks(after) {
		err = ErrOtherHistory
	}
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
	err := json.Unmarshal(text, t.to)
	if t.to.Position == "" { // of an earlier version
		t.to.Position = FirstPosition(t.to.CreatedAt)
	}
	return err
}

// TaskFeed returns the number of the user's oldest event that is kept, and the place after
// the latest there was. Without a kept event oldest is latest.Seq+1.
func (s *Store) TaskFeed(ctx context.Context, userID string) (oldest int64, latest Place, err error) {
	err = s.Call(ctx, "task feed", func(ctx context.Context) error {
		var at *time.Time
		// One statement, for one view of all.
		err := s.often.One(ctx, []any{&oldest, &latest.Seq, db.NullInstant(&at)},
			`SELECT COALESCE((SELECT MIN(e.seq) FROM task_event e WHERE e.user_id = ?), COALESCE(MAX(f.seq), 0) + 1), COALESCE(MAX(f.seq), 0),
				(SELECT e.at FROM task_event e WHERE e.user_id = ? AND e.seq = (SELECT seq FROM task_feed WHERE user_id = ?))
			FROM task_feed f WHERE f.user_id = ?`, userID, userID, userID, userID)
		latest.At = timeOf(at)
		return err
	})
	return oldest, latest, err
}

// TaskFeeds returns the place after the latest event of each of these users who has one.
func (s *Store) TaskFeeds(ctx context.Context, userIDs []string) (map[string]Place, error) {
	const batch = 1000
	latest := make(map[string]Place, len(userIDs))
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
			var at *time.Time
			return s.Read().Each(ctx, []any{&id, &seq, db.NullInstant(&at)}, func() { latest[id] = Place{seq, timeOf(at)} },
				`SELECT f.user_id, f.seq, (SELECT e.at FROM task_event e WHERE e.user_id = f.user_id AND e.seq = f.seq)
				FROM task_feed f WHERE f.user_id IN (?`+strings.Repeat(", ?", n-1)+`)`, args...)
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
