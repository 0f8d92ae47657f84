package e2e

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestQuickstart runs the commands of the Next.js quickstart in a shell. Only the port and the
// user's id differ.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			p, folder := sharedProduct(t, s), t.TempDir()
			sh := func(script string) string {
				t.Helper()
				// The notes say localhost:3000; the product under test has a port of its own.
				script = strings.ReplaceAll(script, "http://localhost:3000", p.bff)
				cmd := exec.Command("bash", "-euc", script)
				cmd.Dir = folder
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				return string(out)
			}
			wantIn := func(out string, parts ...string) {
				t.Helper()
				for _, part := range parts {
					if !strings.Contains(out, part) {
						t.Errorf("got %s, want %q in it", out, part)
					}
				}
			}

			// Test 1: User Signup
			out := sh(`curl -s -X POST http://localhost:3000/api/auth/signup \
  -H "Content-Type: application/json" \
  -d '{"email":"test@example.com","password":"paper-lantern-42"}'`)
			wantIn(out, `"email":"test@example.com"`, `"id":"usr_`)
			id := regexp.MustCompile(`usr_[a-z0-9]+`).FindString(out)

			// Test 2: User Login
			wantIn(sh(`curl -s -X POST http://localhost:3000/api/auth/login \
  -H "Content-Type: application/json" \
  -d '{"email":"test@example.com","password":"paper-lantern-42"}' \
  -c cookies.txt  # Save cookies`), id)
			wantIn(sh("cat cookies.txt"), "#HttpOnly_", "better-auth.session_token")

			// Test 3: Authenticated API Request
			if out := sh(`curl -s http://localhost:3000/api/proxy/` + id + `/tasks \
  -b cookies.txt  # Use saved cookies from login`); out != "[]" {
				t.Errorf("got %s, want []", out)
			}

			// Test 4: User Data Isolation
			wantIn(sh(`curl -s -X POST http://localhost:3000/api/auth/signup \
  -H "Content-Type: application/json" \
  -d '{"email":"user2@example.com","password":"password456"}' -c cookies2.txt`), "user2@example.com")
			wantIn(sh(`curl -s -w ' %{http_code}' http://localhost:3000/api/proxy/`+id+`/tasks -b cookies2.txt`),
				"Access denied: user_id mismatch", " 403")

			// Test 5: Logout
			wantIn(sh(`curl -s -D - -X POST http://localhost:3000/api/auth/logout \
  -b cookies.txt`), `{"success":true}`, "better-auth.session_token=; Path=/; Max-Age=0")
			wantIn(sh(`curl -s -w ' %{http_code}' http://localhost:3000/api/proxy/`+id+`/tasks -b cookies.txt`),
				"Session expired. Please log in again.", " 401")
		})
	}
}
