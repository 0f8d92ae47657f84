package bff_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
	"vestibule/internal/web"
)

func TestSignUp(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		a := v.want(v.do("POST", "/api/auth/sign-up/email", `{"email":"Ada@Example.com","password":"paper-lantern-42","emailVerified":true,"role":"admin"}`), 200, "")
		got := object(s.t, a.body)
		user, _ := got["user"].(map[string]any)
		id, _ := user["id"].(string)
		handle, _ := got["token"].(string)
		want := map[string]any{
			"token": handle,
			"user": map[string]any{
				"id": id, "name": "ada", "email": "ada@example.com", "emailVerified": false, "image": nil,
				"createdAt": "2095-02-03T04:05:06.789Z", "updatedAt": "2095-02-03T04:05:06.789Z",
			},
		}
		if d := cmp.Diff(want, got); d != "" {
			s.t.Error(d)
		}
		if !regexp.MustCompile(`^usr_[a-z2-7]{26}$`).MatchString(id) || !strings.HasPrefix(handle, "ses_") {
			s.t.Errorf("got user %q, handle %q", id, handle)
		}
		line := cookieLine(s.t, a)
		if !regexp.MustCompile(`^better-auth\.session_token=[\w-]{43}\.[^;]+; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax$`).MatchString(line) {
			s.t.Errorf("got cookie %q", line)
		}
		if strings.Contains(line, handle) {
			s.t.Error("the cookie contains the handle")
		}
	})
}

func TestSignUpRefusals(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		v.signUp("taken@example.com")
		long := strings.Repeat("x", 300)
		for _, tt := range []struct {
			name, body string
			status     int
			code, part string
		}{
			{"a taken address", `{"email":"Taken@example.com","password":"paper-lantern-42"}`, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", ""},
			{"a short password", `{"email":"a@example.com","password":"pässwör"}`, 400, "PASSWORD_TOO_SHORT", "8"},
			{"a long password", `{"email":"a@example.com","password":"` + long + `"}`, 400, "PASSWORD_TOO_LONG", "128"},
			{"no address", `{"password":"paper-lantern-42"}`, 400, "VALIDATION_ERROR", "[body.email] Invalid input: expected string, received undefined"},
			{"two faults at once", `{"email":1,"name":null}`, 400, "VALIDATION_ERROR", "[body.name] Invalid input: expected string, received null"},
			{"not an address", `{"email":"nobody","password":"paper-lantern-42"}`, 400, "VALIDATION_ERROR", "[body.email]"},
			{"an address with a space inside", `{"email":"a @example.com","password":"paper-lantern-42"}`, 400, "VALIDATION_ERROR", "[body.email]"},
			{"a very long address", `{"email":"` + long + `@example.com","password":"paper-lantern-42"}`, 400, "VALIDATION_ERROR", "[body.email]"},
			{"not JSON", `email=a`, 400, "BAD_REQUEST", "Invalid JSON"},
			{"null", `null`, 400, "BAD_REQUEST", "null"},
			{"a list", `[]`, 400, "BAD_REQUEST", "array"},
			{"a duplicate name", `{"email":"a@example.com","email":"b@example.com","password":"paper-lantern-42"}`, 400, "BAD_REQUEST", ""},
			{"NUL in the password", `{"email":"a@example.com","password":"pass\u0000word"}`, 400, "BAD_REQUEST", "NUL"},
		} {
			s.t.Run(tt.name, func(t *testing.T) {
				a := s.visitor().do("POST", "/api/auth/signup", tt.body)
				got := object(t, a.body)
				message, _ := got["message"].(string)
				if a.status != tt.status || got["code"] != tt.code || got["error"] != web.StatusText(tt.status) || !strings.Contains(message, tt.part) {
					t.Errorf("got %d %s, want %d %s with %q", a.status, a.body, tt.status, tt.code, tt.part)
				}
				if line := cookieLine(t, a); line != "" {
					t.Errorf("got cookie %q", line)
				}
			})
		}
		v.want(v.do("POST", "/api/auth/signup", `{}`, "Content-Type", "text/plain"), 415, "application/json")
	})
}

func TestSignUpRaceHasOneWinner(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		var mu sync.Mutex
		got := map[int]int{}
		var wg sync.WaitGroup
		for range 8 {
			v := s.visitor()
			wg.Go(func() {
				a := v.do("POST", "/api/auth/signup", `{"email":"race@example.com","password":"paper-lantern-42"}`)
				mu.Lock()
				defer mu.Unlock()
				got[a.status]++
			})
		}
		wg.Wait()
		if d := cmp.Diff(map[int]int{200: 1, 422: 7}, got); d != "" {
			s.t.Error(d)
		}
	})
}

func TestSignUpIsClosed(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v := s.visitor()
		for _, path := range []string{"/api/auth/signup", "/api/auth/sign-up/email"} {
			for _, body := range []string{`{"email":"ada@example.com","password":"paper-lantern-42"}`, `{"email":"ada@example.com","password":"x"}`, `nonsense`} {
				v.want(v.do("POST", path, body), 400, `"code":"EMAIL_PASSWORD_SIGN_UP_DISABLED"`)
			}
		}
		if free, err := s.db.AddressFree(t.Context(), "ada@example.com", s.clock.Now()); err != nil || !free {
			s.t.Errorf("got free %t, %v; want no account", free, err)
		}
		v.want(v.do("POST", "/api/auth/login", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 401, "")
	}, func(c *bff.Config) { c.SignUpOff = true })
}
