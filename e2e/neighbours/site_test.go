//go:build neighbours

package neighbours

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"

	"vestibule/internal/freeport"
	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
)

const (
	password = "paper-lantern-42"
	secret   = "for the neighbours alone: 5d41402abc4b2a76b9719d911017c592"

	// The addresses of the two sides. On Linux, every address in 127.0.0.0/8 works.
	victimAddress, attackerAddress = "127.0.0.1", "127.0.0.2"
)

// site is a running product.
type site struct {
	engine, database, dir string
	bff, api, admin       string
	cmd                   *exec.Cmd
	attackers             []account
}

// account is a user who has signed up.
type account struct{ Email, User, Cookie string }

func newSite(t *testing.T, path, engine string) *site {
	t.Helper()
	s := &site{engine: engine, dir: t.TempDir()}
	for _, addr := range []*string{&s.bff, &s.api, &s.admin} {
		var err error
		if *addr, err = freeport.Addr(); err != nil {
			t.Fatal(err)
		}
	}
	s.database = "sqlite:" + filepath.Join(s.dir, "vestibule.db")
	if engine == "postgres" {
		s.database = pgtest.Database(t)
	}
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(path, "serve")
	s.cmd.Dir = s.dir
	s.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "BASE_URL=http://" + s.bff, "BFF_ADDR=" + s.bff, "API_ADDR=" + s.api,
		"ADMIN_ADDR=" + s.admin, "DATABASE_URL=" + s.database, "BETTER_AUTH_SECRET=" + secret, "MIGRATE=true", "LOG_FORMAT=json"}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			_ = s.cmd.Process.Kill()
			_ = s.cmd.Wait()
		}
		_ = log.Close()
	})
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get("http://" + s.admin + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return s
			}
		}
		if time.Since(start) > 30*time.Second {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("not ready: %v\n%s", err, text)
		}
	}
}

// prepare creates the accounts and tasks that an attack needs.
func (s *site) prepare(t *testing.T, a attack) {
	t.Helper()
	for i := range max(a.accounts, 1) {
		s.attackers = append(s.attackers, s.signUp(t, attackerAddress, fmt.Sprintf("attacker%d@example.com", i)))
	}
	if a.tasks > 0 {
		s.addTasks(t, s.attackers[0], a.tasks, a.title, a.description)
	}
}

// signUp creates an account, from a client address.
func (s *site) signUp(t *testing.T, from, email string) account {
	t.Helper()
	client := clientAt(from, 1)
	defer client.CloseIdleConnections()
	body, _ := json.Marshal(map[string]string{"email": email, "password": password})
	res, err := client.Post("http://"+s.bff+"/api/auth/signup", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var in struct{ User struct{ ID string } }
	if err := json.NewDecoder(res.Body).Decode(&in); err != nil || len(res.Cookies()) != 1 {
		t.Fatalf("sign-up: %s, %v", res.Status, err)
	}
	c := res.Cookies()[0]
	return account{email, in.User.ID, c.Name + "=" + c.Value}
}

// addTasks creates one task through the API and then copies its row with all columns.
// Through the API, hundreds of thousands of tasks would take minutes.
func (s *site) addTasks(t *testing.T, who account, n int, title, description string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"title": title, "description": description})
	r, _ := http.NewRequest(http.MethodPost, "http://"+s.bff+"/api/proxy/me/tasks", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cookie", who.Cookie)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("create task: %s", res.Status)
	}
	query, many := `SELECT column_name FROM information_schema.columns WHERE table_name = 'tasks' AND column_name <> 'id'`, fmt.Sprintf("generate_series(2, %d)", n)
	if s.engine == "sqlite" {
		query = `SELECT name FROM pragma_table_info('tasks') WHERE name <> 'id'`
		many = fmt.Sprintf("(WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n)", n)
	}
	db := storetest.OpenRaw(t, s.database)
	defer db.Close()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, `"`+name+`"`)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	list := strings.Join(columns, ", ")
	if _, err := db.Exec(`INSERT INTO tasks (` + list + `) SELECT ` + list + ` FROM tasks, ` + many + ` AS n WHERE user_id = '` + who.User + `'`); err != nil {
		t.Fatal(err)
	}
	if s.engine == "postgres" {
		if _, err := db.Exec(`VACUUM ANALYZE tasks`); err != nil {
			t.Fatal(err)
		}
	}
}

// resetPeak resets the peak use of memory (proc(5), clear_refs).
func (s *site) resetPeak(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

func (s *site) peakMiB(t *testing.T) int { t.Helper(); return s.status(t, "VmHWM:") / 1024 }

// status returns a number from /proc/PID/status.
func (s *site) status(t *testing.T, name string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s in /proc", name)
	return 0
}

// attack runs an attack in a separate process at a low priority. A real attacker would
// use another machine, so the process must not slow down the product.
func (s *site) attack(t *testing.T, a attack, env ...string) (stop func()) {
	t.Helper()
	target, _ := json.Marshal(target{BFF: s.bff, API: s.api, Attackers: s.attackers})
	cmd := exec.Command("nice", "-n", "19", os.Args[0])
	cmd.Env = append(os.Environ(), "NEIGHBOURS_ATTACK="+a.name, "NEIGHBOURS_TARGET="+string(target))
	cmd.Env = append(cmd.Env, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		t.Logf("%s: %s", a.name, strings.TrimSpace(said.String()))
	}
}
