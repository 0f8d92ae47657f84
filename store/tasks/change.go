package tasks

import (
	"context"
	"math"
	"time"

	"github.com/go-json-experiment/json"

	"vestibule/store/db"
)

// A change of a task is written in three places: the task, the user's row in task_feed, which
// numbers and counts, and the event. This happens at once or not at all. On SQLite these are
// three statements of a transaction. On PostgreSQL, where each of them would be a round trip
// in which other writers of the user wait, they are one.
//
// The feed's row comes last but for the event: it is locked from there to the end of the
// transaction, so that events become visible in the order of their numbers. Without that a
// reader that has seen 8 would never look for the 7 that is committed later.
//
// The feed's row goes with the user's, and cannot be added without it: what is written
// for a user who has been deleted fails here.
//
// It waits in the user's queue before it locks the row. So nothing locked may be kept
// from store.Tx.DeleteUser until then: rows of the user, or of their sessions.

// change is a statement that adds, changes or deletes one task.
type change struct {
	kind      string // of its event
	at        time.Time
	statement string // without its RETURNING
	args      []any
	often     bool // the text is one of a few
}

// more is how many tasks the user has more afterwards.
func (c change) more() int { return map[string]int{Created: 1, Deleted: -1}[c.kind] }

// feed is a user's row in task_feed, after a change.
type feed struct {
	seq, bytes, tasks int64
	size              int64 // of the change's event
}

// change makes a change in a transaction of its own. It returns the task as it is then, or as
// it was before its deletion.
func (s *Store) change(ctx context.Context, what string, c change) (t Task, err error) {
	var f feed
	err = s.Single(ctx, what, func(ctx context.Context, q db.Querier) error {
		t, f, err = s.write(ctx, q, c)
		return err
	})
	if err != nil { // t may have been read before its commit failed
		return Task{}, err
	}
	s.shortenHistory(ctx, t.UserID, f)
	return t, nil
}

// write makes the change and adds its event. It returns db.ErrNotFound if the statement met
// no task.
func (s *Store) write(ctx context.Context, q db.Querier, c change) (t Task, f feed, err error) {
	if s.Dialect().OneStatement {
		err = s.writeAtOnce(ctx, q, c, &t, &f)
	} else {
		err = s.writeInTurn(ctx, q, c, &t, &f)
	}
	if err == nil {
		q.Announce(t.UserID, f.seq)
	}
	return t, f, err
}

// addToFeed adds an event to the feeds of the rows of from: a user's id, a size and a number
// of tasks each.
func (s *Store) addToFeed(from string) string {
	return `INSERT INTO task_feed (user_id, seq, event_bytes, tasks)
		SELECT u.id, 1, u.size, u.more FROM (` + from + `) AS u` + s.Dialect().ShareSQL + ` WHERE true
		ON CONFLICT (user_id) DO UPDATE SET seq = task_feed.seq + 1,
			event_bytes = task_feed.event_bytes + excluded.event_bytes, tasks = task_feed.tasks + excluded.tasks
		RETURNING seq, event_bytes, tasks`
}

func (s *Store) writeInTurn(ctx context.Context, q db.Querier, c change, t *Task, f *feed) error {
	often := q.Often()
	first := q
	if c.often {
		first = often
	}
	if err := first.One(ctx, t.fields(), c.statement+` RETURNING `+taskColumns, c.args...); err != nil {
		return err
	}
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	f.size = int64(len(text))
	err = often.One(ctx, []any{&f.seq, &f.bytes, &f.tasks}, s.addToFeed(`SELECT ? AS id, ? AS size, ? AS more`), t.UserID, f.size, c.more())
	if err != nil {
		return err
	}
	_, err = often.Exec(ctx, `INSERT INTO task_event (user_id, seq, kind, at, bytes_to, task) VALUES (?, ?, ?, ?, ?, ?)`,
		t.UserID, f.seq, c.kind, c.at, f.bytes, string(text))
	return err
}

// writeAtOnce is writeInTurn in one statement, which sees the database as it was when it began:
//
//   - Other transactions may add tasks after it has looked for room. Then its event has no
//     kind, which the schema refuses, and the statement with it.
//   - The user may be deleted while it waits, or before. The feed begins anew then, until the
//     end of the statement, where the foreign key refuses it. Events of the user may be left,
//     and one of them may have the same number. So no event is added if the user was deleted
//     before, and a number that is taken means that the user was deleted meanwhile.
func (s *Store) writeAtOnce(ctx context.Context, q db.Querier, c change, t *Task, f *feed) error {
	most := int64(math.MaxInt64)
	if c.kind == Created && s.TasksPerUser > 0 {
		most = int64(s.TasksPerUser)
	}
	err := q.One(ctx, append(t.fields(), &f.seq, &f.bytes, &f.tasks, &f.size),
		`WITH changed AS (`+c.statement+` RETURNING `+taskColumns+`),
			told AS (SELECT user_id, `+taskJSON+` AS text FROM changed),
			feed AS (`+s.addToFeed(`SELECT user_id AS id, octet_length(text) AS size, CAST(? AS bigint) AS more FROM told`)+`),
			event AS (INSERT INTO task_event (user_id, seq, kind, at, bytes_to, task)
				SELECT user_id, seq, CASE WHEN tasks <= CAST(? AS bigint) THEN CAST(? AS text) END, CAST(? AS timestamptz), event_bytes, text FROM told, feed
				WHERE seq > COALESCE((SELECT f.seq FROM task_feed f WHERE f.user_id = told.user_id), 0)
					AND NOT EXISTS (SELECT 1 FROM deleted_user d WHERE d.user_id = told.user_id))
		SELECT `+taskColumns+`, seq, event_bytes, tasks, octet_length(text) FROM changed, feed, (SELECT text FROM told) AS told`,
		append(c.args[:len(c.args):len(c.args)], c.more(), most, c.kind, c.at)...)
	switch {
	case db.IsNull(err, "task_event", "kind"):
		return ErrTooManyTasks
	case db.IsTaken(err, "task_event"):
		return db.ErrNoUser
	}
	return err
}
