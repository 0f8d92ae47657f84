package storetest

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vestibule/store"
	"vestibule/store/tasks"
)

// OnBoth runs a test on a new database of each engine.
func OnBoth(t *testing.T, test func(*testing.T, *Database)) {
	t.Helper()
	for _, v := range Variants()[:engines] {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			test(t, Migrated(t, v))
		})
	}
}

// NewTask returns a made-up task.
func NewTask(userID string) tasks.Task {
	return tasks.Task{UserID: userID, Title: "Buy milk", CreatedAt: Base(), UpdatedAt: Base()}
}

// Created creates the task.
func Created(t *testing.T, s *Database, task tasks.Task) tasks.Task {
	t.Helper()
	got, err := s.CreateTask(t.Context(), task)
	if err != nil {
		t.Fatalf("create task: %v", err)
	}
	return got
}

// Listed returns the ids of the tasks of a user.
func Listed(t *testing.T, s *Database, userID string) (ids []int64) {
	t.Helper()
	for task, err := range s.ListTasks(t.Context(), userID, tasks.Query{}) {
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		if task.UserID != userID {
			t.Fatalf("list: got a task of %s, want those of %s", task.UserID, userID)
		}
		ids = append(ids, task.ID)
	}
	return ids
}

// Events returns the events of a user's tasks.
func Events(t *testing.T, s *Database, userID string, after int64) []tasks.Event {
	t.Helper()
	found, _, err := s.TaskEvents(t.Context(), userID, tasks.Place{Seq: after}, 10_000)
	if err != nil {
		t.Fatalf("events: %v", err)
	}
	return found
}

// Event returns a made-up event of the audit trail.
func Event(kind string) store.Event {
	return store.Event{At: Base(), Type: kind, Actor: store.ActorUser, IPAddress: "2001:db8::1", UserAgent: "curl/8", RequestID: "r1"}
}

// NewOnce returns a made-up request with a key.
func NewOnce(key string) tasks.Once {
	return tasks.Once{
		Caller: "usr_caller", Key: key, Fingerprint: "a", Now: Base(), Expires: Base().Add(time.Hour),
	}
}

// CreateTaskOnce creates the task for a request with a key, and keeps "task" with its id
// as the answer.
func (d *Database) CreateTaskOnce(ctx context.Context, t tasks.Task, once tasks.Once) (answer string, replayed bool, err error) {
	once.UserID = t.UserID
	err = d.Tasks.Tx(ctx, "create task once", func(tx *tasks.Tx) error {
		kept, claimed, err := tx.ClaimKey(once)
		if answer, replayed = kept, !claimed; err != nil || replayed {
			return err
		}
		made, err := tx.CreateTask(t)
		if err != nil {
			return err
		}
		answer = "task " + strconv.FormatInt(made.ID, 10)
		return tx.KeepAnswer(once, answer)
	})
	return answer, replayed, err
}

// NewClient returns a made-up client.
func NewClient() store.Client {
	id := "svc_" + strings.ToLower(rand.Text())
	return store.Client{
		ID: id, Name: "reports " + id, SecretHash: NewHash(),
		Grants: []string{"credentials", "exchange"}, Scopes: []string{"tasks:read"}, Audiences: []string{"billing", "https://mail.example.com/"},
		CreatedAt: Base(),
	}
}

// NewKey returns a made-up signing key.
func NewKey(id string) store.Key {
	return store.Key{
		ID: id + rand.Text(), Algorithm: "EdDSA", Curve: "Ed25519",
		PublicKey: `{"kty":"OKP"}`, PrivateKey: "encrypted", CreatedAt: Base(),
	}
}

// ManyTasks gives the user n tasks.
func ManyTasks(t *testing.T, d *Database, userID string, n int) {
	t.Helper()
	d.Exec(t, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
		SELECT u.id, 'task', u."emailVerified", u."createdAt", u."createdAt" FROM n, "user" u WHERE u.id = ? ORDER BY i`, n, userID)
}

// DeleteRemains deletes all remaining rows of deleted users.
func DeleteRemains(t *testing.T, s *Database) (rows int64) {
	t.Helper()
	for {
		r, err := s.DeleteRemains(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if r.UserID == "" {
			return rows
		}
		rows += r.Rows
	}
}

// MigratedURL opens an existing database, and migrates it if needed.
func MigratedURL(t *testing.T, databaseURL, direct string) *Database {
	t.Helper()
	d := Open(t, databaseURL)
	d.Direct = direct
	if err := d.MigrateUp(t.Context()); err != nil {
		t.Fatalf("migrate up: %v", err)
	}
	return d
}

// Repeat is strings.Repeat.
func Repeat(s string, n int) string { return strings.Repeat(s, n) }

// Served lists the variants with a server that can fail.
func Served() []Variant { return Variants()[1:] }

// Largest records the most rows that one statement changes.
func Largest(s *Database) func() int64 {
	var mu sync.Mutex
	var most int64
	s.Observe(func(_ string, rows int64) {
		mu.Lock()
		defer mu.Unlock()
		most = max(most, rows)
	})
	return func() int64 {
		mu.Lock()
		defer mu.Unlock()
		return most
	}
}

// Rich creates a user with n tasks, events and kept answers. One of the answers is for key
// k.
func Rich(t *testing.T, d *Database, n int) (store.User, tasks.Once) {
	t.Helper()
	u, _ := SignedUp(t, d)
	once := NewOnce("k")
	if _, _, err := d.CreateTaskOnce(t.Context(), NewTask(u.ID), once); err != nil {
		t.Fatal(err)
	}
	ManyTasks(t, d, u.ID, n-1)
	d.Exec(t, Many+`INSERT INTO task_event (user_id, seq, kind, at, task_id, title, completed, created_at, updated_at, version)
		SELECT u.id, 1 + i, 'updated', u."createdAt", 1, 'task', u."emailVerified", u."createdAt", u."createdAt", 1 FROM n, "user" u WHERE u.id = ?`, n-1, u.ID)
	d.Exec(t, Many+`INSERT INTO idempotency (caller, user_id, key, fingerprint, answer, expires_at)
		SELECT 'usr_caller', u.id, 'k' || i, 'x', 'x', u."createdAt" FROM n, "user" u WHERE u.id = ?`, n-1, u.ID)
	return u, once
}

// Remaining counts the remaining rows of a user.
func Remaining(t *testing.T, d *Database, userID string) (n int) {
	t.Helper()
	for _, table := range []string{"tasks", "task_event", "idempotency", "task_feed", "deleted_user"} {
		n += d.CountRows(t, `SELECT count(*) FROM `+table+` WHERE user_id = ?`, userID)
	}
	return n
}

// TasksOf counts the tasks of a user.
func (d *Database) TasksOf(t *testing.T, userID string) int {
	t.Helper()
	return d.CountRows(t, `SELECT count(*) FROM tasks WHERE user_id = ?`, userID)
}

// TaskPage is PageTasks with the tasks in memory.
func TaskPage(ctx context.Context, s *Database, userID string, q tasks.Query, limit int) (all []tasks.Task, next *tasks.Position, err error) {
	found, next, err := s.PageTasks(ctx, userID, q, limit)
	if err != nil {
		return nil, nil, err
	}
	for t, err := range found {
		if err != nil {
			return nil, nil, err
		}
		all = append(all, t)
	}
	return all, next, nil
}

// Many returns n numbered rows as the FROM clause of a statement. The number is i.
const Many = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) `

// Trail counts the audit events of a user.
func Trail(t *testing.T, d *Database, kind, userID string) int {
	t.Helper()
	return d.CountRows(t, `SELECT count(*) FROM audit WHERE event = ? AND "userId" = ?`, kind, userID)
}

// Orders are the orders of a query, by name.
var Orders = map[string]tasks.Order{"id": tasks.ByID, "created": tasks.ByCreated, "updated": tasks.ByUpdated, "title": tasks.ByTitle, "position": tasks.ByPosition, "due": tasks.ByDue}

// Paged reads all pages, each of limit tasks.
func Paged(t *testing.T, d *Database, userID string, q tasks.Query, limit int) (titles []string) {
	t.Helper()
	for {
		page, next, err := TaskPage(t.Context(), d, userID, q, limit)
		if err != nil {
			t.Fatalf("page: %v", err)
		}
		for _, task := range page {
			titles = append(titles, task.Title)
		}
		if next == nil {
			return titles
		}
		if len(page) != limit {
			t.Fatalf("a page that is not the last has %d tasks, want %d", len(page), limit)
		}
		if !q.ValidPosition(*next) {
			t.Fatalf("got a position that is not valid: %+v", *next)
		}
		q.After = next
	}
}
