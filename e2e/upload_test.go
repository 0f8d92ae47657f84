package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestARefusedUploadSaysWhy: the task API accepts 1 MiB and refuses more without reading the
// rest. curl, and Go's client, which sends and reads at the same time, always get the answer.
func TestARefusedUploadSaysWhy(t *testing.T) {
	t.Parallel()
	for _, s := range []shape{shapes[0], shapes[2]} {
		t.Run(s.name, func(t *testing.T) {
			p := sharedProduct(t, s)
			b := newBrowser(t, p.bff)
			b.signUp("refused-upload@example.com")
			file := filepath.Join(t.TempDir(), "upload")
			upload := append([]byte(`{"title":"`), bytes.Repeat([]byte("x"), 4<<20)...)
			if err := os.WriteFile(file, upload, 0o600); err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			const rounds = 30
			for i := range rounds {
				args := []string{
					"--silent", "--show-error", "--max-time", "60", "--output", "/dev/null", "--write-out", "%{http_code}", "--http1.1", "--header", "Expect:",
					"--cookie", "better-auth.session_token=" + b.cookie(), "--header", "Content-Type: application/json", "--data-binary", "@" + file,
				}
				if i%2 == 1 {
					args = append(args, "--header", "Transfer-Encoding: chunked")
				}
				out, err := exec.Command("curl", append(args, p.bff+"/api/proxy/me/tasks")...).CombinedOutput()
				got[fmt.Sprint(string(out), " ", err)]++
			}
			if got["413 <nil>"] != rounds {
				t.Errorf("curl: got %v", got)
			}
			for range rounds {
				b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", string(upload)), 413, "")
			}
		})
	}
}

// TestABodyHeldOpenDuringARevocationCreatesNoTask: another process ends the session
// between the first byte and the last.
func TestABodyHeldOpenDuringARevocationCreatesNoTask(t *testing.T) {
	t.Parallel()
	for _, s := range []shape{shapes[0], shapes[3]} {
		t.Run(s.name, func(t *testing.T) {
			p := sharedProduct(t, s)
			b := newBrowser(t, p.bff)
			const account = `{"email":"noa@example.com","password":"amber-kettle-731"}`
			b.want(b.send("POST", p.bff+"/api/auth/signup", account), 200, "")
			for _, body := range [][3]string{
				{"Content-Length: 18", `{"title":"stolen`, `"}`},
				{"Transfer-Encoding: chunked", "12\r\n{\"title\":\"stolen\"}\r\n", "0\r\n\r\n"},
			} {
				conn, err := net.Dial("tcp", strings.TrimPrefix(p.bff, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(patience))
				fmt.Fprintf(conn, "POST /api/proxy/me/tasks HTTP/1.1\r\nHost: %s\r\nCookie: better-auth.session_token=%s\r\nContent-Type: application/json\r\n%s\r\n\r\n%s",
					strings.TrimPrefix(p.bff, "http://"), b.cookie(), body[0], body[1])
				time.Sleep(300 * time.Millisecond) // with the command, longer than the time for which a request may outlive its session
				p.command("user", "revoke", "--all", "noa@example.com")
				if _, err := io.WriteString(conn, body[2]); err != nil {
					t.Fatal(err)
				}
				res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "POST"})
				if err != nil {
					t.Fatal(err)
				}
				if text, _ := io.ReadAll(res.Body); res.StatusCode != 401 || !strings.Contains(string(text), "SESSION_EXPIRED") {
					t.Errorf("%q: got %d %s", body, res.StatusCode, text)
				}
				b.want(b.send("POST", p.bff+"/api/auth/login", account), 200, "")
				b.want(b.send("GET", p.bff+"/api/proxy/me/tasks", ""), 200, "[]")
			}
		})
	}
}
