package api

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/api/bearer"
	"vestibule/internal/waittest"
	"vestibule/store/tasks"
)

func decode(tb testing.TB, body string, into any) {
	tb.Helper()
	if err := json.Unmarshal([]byte(body), into); err != nil {
		tb.Fatalf("%v in %s", err, body)
	}
}

func count(tb testing.TB, s *surface, token http.Header) int {
	tb.Helper()
	var tasks []taskBody
	decode(tb, s.do(tb, "GET", "/api/me/tasks", "", token).body, &tasks)
	return len(tasks)
}

func TestARequestThatIsSentAgainGetsTheSameAnswer(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		keyed := with(token, "Idempotency-Key", `"8e03978e-40d5-43dd-bc93-6894a57f9324"`)
		first := s.do(t, "POST", "/api/me/tasks", `{"title":"a","description":"<b>"}`, keyed)
		if first.StatusCode != 201 || first.Header.Get("Idempotency-Replayed") != "" {
			t.Fatalf("first: got %d %s", first.StatusCode, first.body)
		}
		s.do(t, "PUT", "/api/me/tasks/1", `{"title":"changed"}`, token)
		again := s.do(t, "POST", "/api/"+ada+"/tasks/", `{ "description": "\u003cb>", "title": " a ", "completed": false }`, keyed)
		again.is(t, 201, first.body)
		for _, name := range []string{"Location", "ETag"} {
			if got, want := again.Header.Get(name), first.Header.Get(name); got != want || got == "" {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if got := again.Header.Get("Idempotency-Replayed"); got != "true" {
			t.Errorf("Idempotency-Replayed: got %q, want true", got)
		}
		s.do(t, "POST", "/api/me/tasks", `{"title":"b"}`, keyed).
			isProblem(t, 422, "The request has invalid fields.", "Idempotency-Key: was used for another request; use a new one")
		if n := count(t, s, token); n != 1 {
			t.Errorf("got %d tasks, want 1", n)
		}
		// The key is a different one for another user, for a service that acts for the same
		// user, and for the same user a day later.
		s.do(t, "POST", "/api/me/tasks", `{"title":"b"}`, with(auth(mint(t, bob)), "Idempotency-Key", keyed["Idempotency-Key"]...)).isCreated(t)
		acting := goodClaims(ada)
		acting["act"], acting["scope"] = map[string]any{"sub": "svc_x"}, "tasks:write"
		s.do(t, "POST", "/api/me/tasks", `{"title":"b"}`, with(auth(mintWith(t, jwt.SigningMethodHS256, testSecret, nil, acting)), "Idempotency-Key", keyed["Idempotency-Key"]...)).isCreated(t)
		s.clock.Set(noon.Add(24 * time.Hour))
		claims := goodClaims(ada)
		claims["iat"], claims["exp"] = s.clock.Now().Unix(), s.clock.Now().Add(time.Minute).Unix()
		tomorrow := auth(mintWith(t, jwt.SigningMethodHS256, testSecret, nil, claims))
		s.do(t, "POST", "/api/me/tasks", `{"title":"b"}`, with(tomorrow, "Idempotency-Key", keyed["Idempotency-Key"]...)).isCreated(t)
	})
}

func (r reply) isCreated(tb testing.TB) {
	tb.Helper()
	if r.StatusCode != 201 || r.Header.Get("Idempotency-Replayed") != "" {
		tb.Errorf("got %d %s, replayed %q; want a new task", r.StatusCode, r.body, r.Header.Get("Idempotency-Replayed"))
	}
}

func TestARefusedRequestDoesNotConsumeItsKey(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	keyed := with(auth(mint(t, ada)), "Idempotency-Key", "k")
	s.do(t, "POST", "/api/me/tasks", `{"title":""}`, keyed).isProblem(t, 422, "The request has invalid fields.", "title: must have 1 to 255 characters")
	s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, keyed).isCreated(t)
}

func TestAnInvalidKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	for _, values := range [][]string{{""}, {strings.Repeat("k", 256)}, {strings.Repeat("k", 300)}, {"a", "b"}, {"ключ"}, {"a\tb"}} {
		s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, with(token, "Idempotency-Key", values...)).
			isProblem(t, 400, "The request has an invalid header.", "Idempotency-Key: must be given once, with 1 to 255 printable ASCII characters")
	}
	s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, with(token, "Idempotency-Key", strings.Repeat("k", 255))).isCreated(t)
	if n := count(t, s, token); n != 1 {
		t.Errorf("got %d tasks, want 1", n)
	}
}

// TestAKeyInProgressIsAConflict holds back the body of the first request.
func TestAKeyInProgressIsAConflict(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	token := auth(mint(t, ada))
	keyed := with(token, "Idempotency-Key", "slow")
	body, writer := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/me/tasks", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = keyed.Clone()
	req.Header.Set("Content-Type", "application/json")
	first := make(chan int, 1)
	go func() {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			first <- 0
			return
		}
		res.Body.Close()
		first <- res.StatusCode
	}()
	_, _ = writer.Write([]byte(`{"title":`))
	waittest.Until(t, "the first request is running", func() bool {
		s.server.running.mu.Lock()
		defer s.server.running.mu.Unlock()
		return len(s.server.running.keys) == 1
	})
	res := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, keyed)
	res.isProblem(t, 409, "A request with this Idempotency-Key is still in progress. Please try again.")
	if got := res.Header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After: got %q, want 1", got)
	}
	_, _ = writer.Write([]byte(`"a"}`))
	writer.Close()
	if got := <-first; got != 201 {
		t.Errorf("first: got %d, want 201", got)
	}
	if res := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, keyed); res.StatusCode != 201 || count(t, s, token) != 1 {
		t.Errorf("afterwards: got %d and %d tasks, want the kept answer", res.StatusCode, count(t, s, token))
	}
}

func TestADoubleClickMakesOneTask(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		keyed := with(token, "Idempotency-Key", "twice")
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if res := s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, keyed); res.StatusCode != 201 && res.StatusCode != 409 {
					t.Errorf("got %d %s", res.StatusCode, res.body)
				}
			})
		}
		wg.Wait()
		if n := count(t, s, token); n != 1 {
			t.Errorf("got %d tasks, want 1", n)
		}
	})
}

// TestAKeyOfACallerWithALongName: the index has room for it, however long the chain of
// actors and the name of the issuer are.
func TestAKeyOfACallerWithALongName(t *testing.T) {
	t.Parallel()
	s := newSurface(t, postgres)
	names := map[string]bool{}
	for _, last := range []string{"a", "b"} {
		long := make([]byte, 4000) // that PostgreSQL cannot compress
		_, _ = rand.NewChaCha8([32]byte{}).Read(long)
		c := bearer.Caller{Subject: "https://login.example.com|x", Actor: hex.EncodeToString(long) + last}
		names[c.Name()] = true
		_, replayed, err := s.store.CreateTaskOnce(t.Context(), tasks.Task{UserID: ada, Title: "a", CreatedAt: noon, UpdatedAt: noon}, tasks.Once{
			Caller: c.Name(), Key: "k", Fingerprint: "f", Now: noon, Expires: noon.Add(time.Hour),
		})
		if err != nil || replayed {
			t.Errorf("got replayed %t, %v, want a task", replayed, err)
		}
	}
	if len(names) != 2 {
		t.Errorf("got %d names of two callers", len(names))
	}
}
