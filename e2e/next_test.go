package e2e

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"vestibule/internal/quicktest"
	"vestibule/internal/waittest"
)

// nextApp is the seed's frontend on the dev server of Next.js, started as docs/spa.md says. Only
// the ports differ.
type nextApp struct {
	url      string // of Next.js
	fronting string // the setting of a Vestibule that stands in front of Next.js
	behind   string // the setting of the Vestibule that gets what Next.js rewrites
}

func startNext(t *testing.T) nextApp {
	t.Helper()
	quicktest.Skip(t, "Node.js")
	pinned, err := filepath.Abs("next")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(pinned, "node_modules", "next")); err != nil {
		t.Fatalf("Next.js is not installed; run e2e/install.sh: %v", err)
	}
	commands, config := spaText(t, "Next.js", "js",
		"npm run dev -- --port 3001", "WEB_DEV_URL=http://localhost:3001 vestibule serve",
		"npm run dev", "BFF_ADDR=localhost:3001 vestibule serve")
	addr := freeAddrs(t, 2)
	with := func(address, text string) string {
		_, port, _ := strings.Cut(address, ":")
		return strings.ReplaceAll(text, "3001", port)
	}
	setting := func(command string) string { return strings.TrimSuffix(command, " vestibule serve") }

	folder := seed(t, "frontend")
	write(t, folder, "spa.mjs", with(addr[1], config))
	// The packages are outside of the folder of the app.
	write(t, folder, "next.config.mjs", "import config from './spa.mjs'\nexport default { ...config, turbopack: { root: '/' } }\n")
	for _, name := range []string{"package.json", "node_modules"} {
		if err := os.Symlink(filepath.Join(pinned, name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	_, port, _ := strings.Cut(addr[0], ":")
	startDevServer(t, folder, with(addr[0], commands[0])+" --hostname localhost", port, "NEXT_TELEMETRY_DISABLED=1")
	return nextApp{url: "http://localhost:" + port, fronting: with(addr[0], setting(commands[1])), behind: with(addr[1], setting(commands[3]))}
}

// TestTheSeedRunsWithNext: each function of the seed's API client works, and each of its pages,
// with Vestibule in front of Next.js and with Next.js in front of Vestibule.
func TestTheSeedRunsWithNext(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "Python, Node.js and Chromium")
	next := startNext(t)
	backend, log := startSeedBackend(t)
	run := func(name string, test func(t *testing.T) (origin string)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := usesTheSeed(t, test(t), "ada@example.com")
			// FastAPI redirects from the path that the client calls, and Vestibule follows.
			for _, method := range []string{"GET", "POST"} {
				if redirected := method + " /api/" + user + `/tasks HTTP/1.1" 307`; !strings.Contains(log.log.String(), redirected) {
					t.Errorf("the backend's log has no %q", redirected)
				}
			}
		})
	}
	run("Vestibule in front", func(t *testing.T) string {
		return launch(t, shapes[0], next.fronting, "BACKEND_URL="+backend).bff
	})
	run("Next in front", func(t *testing.T) string {
		routes := `ROUTES=[{"path": "/api/proxy/", "upstream": "` + backend + `/api/", "audience": "fastapi-backend"},
			{"path": "/api/proxy/events/", "upstream": "` + oneEvent(t) + `", "session": "none"}]`
		launch(t, shapes[0], next.behind, "BASE_URL="+next.url, "TRUSTED_PROXIES=127.0.0.1,::1", routes)
		passesNext(t, next.url)
		return next.url
	})
}

// oneEvent returns the address of an event stream that stays open after its first event.
func oneEvent(t *testing.T) string {
	events := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: first\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(events.Close)
	return events.URL + "/"
}

// passesNext checks what docs/spa.md says of Next.js in front: a client's address comes from the
// server before Next.js, and Next.js does not hold back events in order to compress them.
func passesNext(t *testing.T, origin string) {
	t.Helper()
	b := newBrowser(t, origin)
	b.want(b.send("POST", origin+"/api/auth/signup", `{"email":"bob@example.com","password":"paper-lantern-42"}`, "X-Forwarded-For", "203.0.113.9"), 200, "bob")
	b.want(b.send("GET", origin+"/api/auth/list-sessions", ""), 200, `"ipAddress":"203.0.113.9"`)

	r, err := http.NewRequestWithContext(t.Context(), "GET", origin+"/api/proxy/events/all", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Accept-Encoding", "gzip")
	res, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); line != "data: first\n" {
		t.Errorf("got %q and %v from the event stream, want its first event", line, err)
	}
}

// seedCalls are calls of the API client and what they return, without the ids.
var seedCalls = []struct{ call, want string }{
	{`fetchTasks(user)`, `[]`},
	{`createTask(user, { title: 'Try it', description: 'in a browser' }).then((task) => window.task = task)`, `{"title":"Try it","description":"in a browser","completed":false}`},
	{`createTask(user, { title: 'Second' })`, `{"title":"Second","description":null,"completed":false}`},
	{`updateTask(user, task.id, { title: 'Tried' })`, `{"title":"Tried","description":null,"completed":false}`},
	{`fetchTasks(user)`, `[{"title":"Tried","description":null,"completed":false},{"title":"Second","description":null,"completed":false}]`},
	{`deleteTask(user, task.id)`, `{"success":true,"message":"Task deleted successfully"}`},
	{`fetchTasks(user)`, `[{"title":"Second","description":null,"completed":false}]`},
	{`fetchTasks('usr_else')`, `Error: Access denied`},
	{`createTask('usr_else', { title: 'Not mine' })`, `Error: Access denied`},
	{`updateTask('usr_else', 1, { title: 'Not mine' })`, `Error: Access denied`},
	{`deleteTask('usr_else', 1)`, `Error: Access denied`},
}

// usesTheSeed signs up, calls the functions of the API client, loses the session, and signs in
// and out. It returns the id of the user.
func usesTheSeed(t *testing.T, origin, email string) string {
	t.Helper()
	ctx := chromium(t)
	w := &window{tab: openTab(t, ctx, origin+"/signup"), engine: chromiumTab{ctx}, origin: origin}
	user := w.sendSeedForm("Sign Up", email)
	for _, tt := range seedCalls {
		if got := w.async(`const user = ` + quoted(user) + `, { fetchTasks, createTask, updateTask, deleteTask } = window.api
			const short = (key, value) => key === 'id' || key === 'user_id' && value === user ? undefined : value
			return ` + tt.call + `.then((got) => JSON.stringify(got, short), String)`); got != tt.want {
			t.Errorf("%s: got %v, want %s", tt.call, got, tt.want)
		}
	}

	device := newBrowser(t, origin)
	device.want(device.send("POST", origin+"/api/auth/login", `{"email":"`+email+`","password":"paper-lantern-42"}`), 200, user)
	device.want(device.send("POST", origin+"/api/auth/revoke-other-sessions", "{}"), 200, "")
	w.js(`(window.api.fetchTasks('` + user + `').catch(() => {}), 0)`)
	w.until(`location.pathname === '/login' && new URLSearchParams(location.search).get('message') === 'Session expired. Please log in again.'`)
	if got := w.sendSeedForm("Log In", email); got != user {
		t.Errorf("got the user %s after the log-in, want %s", got, user)
	}
	w.press("Log Out")
	w.until(`location.pathname === '/login'`)
	if got := w.fetch("GET", "/api/auth/session", ""); got != "200 null" {
		t.Errorf("got the session %s after the log-out", got)
	}
	w.quietOnNext()
	return user
}

// sendSeedForm signs up or in, and returns the user that the page of the tasks shows.
func (w *window) sendSeedForm(button, email string) (user string) {
	w.Helper()
	// Before React has taken over the page of the server, it would lose what is typed.
	w.until(`named('button', '` + button + `') && Object.keys(document.forms[0]).some((key) => key.startsWith('__reactProps'))`)
	w.do(chromedp.Focus(chromedp.CSS("[type=email]")), chromedp.KeyEvent(email), chromedp.Focus(chromedp.CSS("[type=password]")), chromedp.KeyEvent("paper-lantern-42"))
	w.press(button)
	w.until(`location.pathname === '/tasks' && document.getElementById('user')?.textContent`)
	user, _ = w.js(`document.getElementById('user').textContent`).(string)
	if !strings.HasPrefix(user, "usr_") {
		w.Fatalf("got the user %q", user)
	}
	return user
}

// quietOnNext fails if the page has no connection to the dev server, or if its console has an
// error that the test does not cause. Next.js warns of what is slow on a busy machine.
func (w *window) quietOnNext() {
	w.Helper()
	waittest.Until(w, "the page is connected to the dev server", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return slices.ContainsFunc(w.complains, func(m chromedp.ConsoleMessage) bool { return m.Text == "[HMR] connected" })
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, message := range w.complains {
		refused := strings.Contains(message.Text, "the server responded with a status of 40") && strings.HasPrefix(message.URL, w.origin+"/api/proxy/")
		left := strings.HasPrefix(message.Text, "WebSocket connection to ") // the page is left before it is connected
		if (message.Type == "error" || message.Type == chromedp.ConsoleException) && !refused && !left {
			w.Errorf("the console has %q from %s", message, message.URL)
		}
	}
}
