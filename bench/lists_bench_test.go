package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jmoiron/sqlx"

	"vestibule/api"
	"vestibule/api/bearer"
	"vestibule/internal/jose"
	"vestibule/internal/pgtest"
	"vestibule/store"
	"vestibule/store/tasks"
)

// The sizes of a user's list. A second user has the same number of tasks.
var sizes = []int{100, 10_000, 1_000_000}

const listUser = "usr_bench"

// listServer is the task API on a socket, with a real database.
type listServer struct {
	url, token string
}

// lists starts the API on both engines, with lists of all sizes.
func lists(b *testing.B, measure func(b *testing.B, s *listServer, n int)) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/%d", engine, n), func(b *testing.B) {
				measure(b, newListServer(b, engine, n), n)
			})
		}
	}
}

func newListServer(b *testing.B, engine string, n int) *listServer {
	b.Helper()
	driver, dsn, databaseURL := "postgres", "", ""
	if engine == "SQLite" {
		path := filepath.Join(b.TempDir(), "bench.db")
		driver, dsn, databaseURL = "sqlite", "file:"+path+"?_foreign_keys=1&_busy_timeout=5000", "sqlite:"+path
	} else {
		databaseURL = pgtest.Database(b)
		dsn = databaseURL
	}
	db, err := store.Open(b.Context(), databaseURL)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.MigrateUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	fill(b, driver, dsn, n)
	secret := []byte(strings.Repeat("bench-only-", 4))
	s, err := api.New(api.Config{Config: bearer.Config{Algorithm: jose.HS256, Secrets: [][]byte{secret}, Issuer: "bench", Audience: "bench"}},
		api.Deps{Tasks: tasks.New(db.DB), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	b.Cleanup(srv.Close)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": listUser, "iss": "bench", "aud": "bench", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(secret)
	if err != nil {
		b.Fatal(err)
	}
	return &listServer{srv.URL, token}
}

// fill inserts n tasks for each of two users. It bypasses the store, which would
// take an hour for a million. Ten of them are open. The two users' ids alternate.
func fill(b *testing.B, driver, dsn string, n int) {
	b.Helper()
	raw, err := sqlx.Open(driver, dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	open := `i % ? = 0`
	at := `to_char(timestamptz '2026-01-01Z' + i * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS".000Z"')::timestamptz`
	if driver == "sqlite" {
		raw = sqlx.NewDb(raw.DB, "sqlite3")
		at = `strftime('%Y-%m-%dT%H:%M:%S.000Z', '2026-01-01', '+' || i || ' seconds')`
	}
	for _, id := range []string{listUser, "usr_other"} {
		if _, err := raw.Exec(raw.Rebind(`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt") VALUES (?, ?, ?, ?, ?, ?)`),
			id, id, id+"@example.com", true, "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"); err != nil {
			b.Fatal(err)
		}
	}
	statement := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO tasks (user_id, title, completed, created_at, updated_at, title_key, title_fold, folded)
		SELECT u.id, 'Task number ' || i, NOT (` + open + `), ` + at + `, ` + at + `, 'task number ' || i, 'task number ' || i, 1
		FROM n, "user" u ORDER BY i, u.id`
	if _, err := raw.Exec(raw.Rebind(statement), n, n/10); err != nil {
		b.Fatal(err)
	}
	if driver == "postgres" {
		if _, err := raw.Exec(`ANALYZE tasks`); err != nil {
			b.Fatal(err)
		}
	}
}

func (s *listServer) get(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	return http.DefaultTransport.RoundTrip(req)
}

// page reads one page and returns the link to the next.
func (s *listServer) page(b *testing.B, path string, want int) string {
	b.Helper()
	res, err := s.get(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		b.Fatalf("got %d %.200s, error %v", res.StatusCode, body, err)
	}
	if got := strings.Count(string(body), `"id":`); got != want {
		b.Fatalf("%s: got %d tasks, want %d", path, got, want)
	}
	target, _, _ := strings.Cut(strings.TrimPrefix(res.Header.Get("Link"), "<"), ">")
	return target
}

// BenchmarkListPage reads pages of 50: the first one, a later one, and the ten
// open tasks, newest first.
func BenchmarkListPage(b *testing.B) {
	lists(b, func(b *testing.B, s *listServer, n int) {
		middle := s.page(b, "/api/me/tasks?limit="+fmt.Sprint(min(200, n/2))+"&sort=-title", min(200, n/2))
		u, err := url.Parse(middle)
		if err != nil {
			b.Fatal(err)
		}
		for range min(200, n/400) { // go to a later page
			if u, err = url.Parse(s.page(b, u.String(), 200)); err != nil {
				b.Fatal(err)
			}
		}
		q := u.Query()
		q.Set("limit", "50")
		for _, page := range []struct {
			name, path string
			want       int
		}{
			{"first", "/api/me/tasks?limit=50&sort=-created_at", 50},
			{"middle", "/api/me/tasks?" + q.Encode(), 50},
			{"open", "/api/me/tasks?limit=50&completed=false&sort=-created_at", 10},
		} {
			b.Run(page.name, func(b *testing.B) {
				var took []time.Duration
				for b.Loop() {
					begin := time.Now()
					s.page(b, page.path, page.want)
					took = append(took, time.Since(begin))
				}
				slices.Sort(took)
				b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
				b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
				b.ReportMetric(0, "ns/op") // p50 replaces it
			})
		}
	})
}

// BenchmarkFullList streams all tasks and meanwhile measures the heap of the
// program, which includes the reader.
func BenchmarkFullList(b *testing.B) {
	lists(b, func(b *testing.B, s *listServer, n int) {
		var peak, size uint64
		begin := time.Now()
		runs := 0
		for b.Loop() {
			runs++
			res, err := s.get(b.Context(), "/api/me/tasks")
			if err != nil {
				b.Fatal(err)
			}
			size = 0
			buf := make([]byte, 1<<20)
			var mem runtime.MemStats
			for next := uint64(0); ; {
				got, err := io.ReadFull(res.Body, buf)
				size += uint64(got)
				if size >= next { // measuring stops the world
					next = size + 16<<20
					runtime.GC()
					runtime.GC() // a second run frees what the finalizers released
					runtime.ReadMemStats(&mem)
					peak = max(peak, mem.HeapAlloc)
				}
				if err != nil {
					break
				}
			}
			res.Body.Close()
			if size < uint64(n)*100 {
				b.Fatalf("got %d bytes of %d tasks", size, n)
			}
		}
		b.ReportMetric(float64(peak)/(1<<20), "live-MiB")
		b.ReportMetric(float64(size)/(1<<20), "body-MiB")
		b.ReportMetric(float64(n*runs)/time.Since(begin).Seconds(), "tasks/s")
		b.ReportMetric(0, "ns/op")
	})
}
