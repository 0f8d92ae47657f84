package api

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"vestibule/api/bearer"
	"vestibule/internal/inprocess"
	"vestibule/internal/jose"
	"vestibule/internal/storetest"
	"vestibule/store"
)

// BenchmarkTasks measures the task API as serve calls it: with all its checks, in the
// process, on a real database.
func BenchmarkTasks(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			db := storetest.On(open(b))
			u := storetest.NewUser()
			if err := storetest.SignUp(b.Context(), db, u, "x", storetest.NewSession(u.ID)); err != nil {
				b.Fatal(err)
			}
			s, err := New(Config{Config: bearer.Config{Algorithm: jose.HS256, Secrets: [][]byte{testSecret}, Issuer: testIssuer, Audience: testAudience}},
				Deps{Tasks: db.Tasks, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }})
			if err != nil {
				b.Fatal(err)
			}
			for range 40 {
				if _, err := db.CreateTask(b.Context(), storetest.NewTask(u.ID)); err != nil {
					b.Fatal(err)
				}
			}
			token := mint(b, u.ID)
			side := &inprocess.Transport{Handler: s.Handler()}
			for name, request := range map[string][3]string{
				"list":   {"GET", "/api/me/tasks?limit=20&sort=-created_at", ""},
				"read":   {"GET", "/api/me/tasks/1", ""},
				"create": {"POST", "/api/me/tasks", `{"title":"Water the plants","description":"Not the cactus."}`},
			} {
				b.Run(name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						send(b, side, request, token)
					}
				})
			}
		})
	}
}

func send(b *testing.B, to http.RoundTripper, request [3]string, token string) {
	req, err := http.NewRequestWithContext(b.Context(), request[0], "http://api.internal"+request[1], strings.NewReader(request[2]))
	if err != nil {
		b.Fatal(err)
	}
	if request[2] != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := to.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= http.StatusBadRequest {
		b.Fatal(res.Status, string(body), err)
	}
}
