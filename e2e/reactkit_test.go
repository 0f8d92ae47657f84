package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// kitApp builds the second app of docs/spa.md, and returns the folder with the build.
func kitApp(t *testing.T) string {
	t.Helper()
	folder, commands := viteApp(t)
	copying, app := spaText(t, "A session that ends, in React", "jsx", `cp -r "$VESTIBULE/bff/spa/client" src/client`)
	if err := os.WriteFile(filepath.Join(folder, "src", "App.jsx"), []byte(app), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "bash", "-euc", copying[0]+"\n"+commands[2])
	build.Dir, build.Env = folder, append(os.Environ(), "VESTIBULE="+filepath.Dir(mustGetwd(t)))
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s, %s: %v\n%s", copying, commands[2], err, text)
	}
	return filepath.Join(folder, "dist")
}

// put types a text into a field of the page.
func (w *window) put(selector, text string) {
	w.Helper()
	w.until(`document.querySelector(` + quoted(selector) + `)`)
	w.js(`document.querySelector(` + quoted(selector) + `).select()`)
	w.must(w.engine.insert(text))
}

// click clicks with the mouse on the element with this id, when it can be seen and used. tab's
// click would need the reports that a window does without.
func (w *window) click(id string) {
	w.Helper()
	find := `document.getElementById(` + quoted(id) + `)`
	w.until(find + `?.checkVisibility({ visibilityProperty: true }) && !` + find + `.disabled`)
	at := w.js(`(e => { e.scrollIntoView({ block: 'center', behavior: 'instant' }); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })(` + find + `)`).([]any)
	w.must(w.engine.click(at[0].(float64), at[1].(float64)))
}

// comesBack logs in where the session has ended.
func (w *window) comesBack(email string) {
	w.Helper()
	w.until(`document.querySelector('#go') && document.querySelector('#private')?.hidden !== false`)
	w.put("[name=email]", email)
	w.put("[name=password]", "paper-lantern-42")
	w.click("go")
	w.until(`document.querySelector('#private')?.hidden === false`)
}

// TestTheReactAppOfThePageKeepsWhatIsTyped: the app that docs/spa.md shows survives what an
// app of a team has to survive.
func TestTheReactAppOfThePageKeepsWhatIsTyped(t *testing.T) {
	t.Parallel()
	a := newApp(t, "WEB_DIR="+kitApp(t))
	api := newBrowser(t, a.bff)
	api.signUp("ada@example.com")
	newBrowser(t, a.bff).signUp("grace@example.com")
	first := a.device(t, "/")
	first.put("[name=email]", "ada@example.com")
	first.put("[name=password]", "paper-lantern-43")
	first.click("go")
	first.until(`document.querySelector('[role=alert]').textContent === 'Invalid email or password' && document.querySelector('[name=email]').value === 'ada@example.com'`)
	first.comesBack("ada@example.com")
	second := a.beside(t, first, "/")
	tabs := []*window{first, second}
	listed := func(titles string) {
		t.Helper()
		for _, tab := range tabs {
			tab.until(`[...document.querySelectorAll('#tasks li')].map(e => e.textContent).join() === ` + quoted(titles))
		}
	}
	typed := func(tab *window, want string) {
		t.Helper()
		tab.until(`document.querySelector('#title')?.value === ` + quoted(want))
	}
	revoke := func() {
		t.Helper()
		api.want(api.send("POST", a.bff+"/api/auth/verify-password", `{"password":"paper-lantern-42"}`), 200, "true")
		api.want(api.send("POST", a.bff+"/api/auth/revoke-other-sessions", "{}"), 200, "true")
	}
	listed("")

	// The session ends while somebody types in two tabs. A log-in in one is a log-in in both.
	first.put("#title", "half a thought")
	second.put("#title", "another one")
	revoke()
	second.until(`document.querySelector('#private').hidden`)
	first.comesBack("ada@example.com")
	second.until(`!document.querySelector('#private').hidden`)
	typed(first, "half a thought")
	typed(second, "another one")
	// The next text is typed while the server has not answered yet.
	first.do(evaluate(`{ const real = window.fetch, answered = new Promise(done => (window.answer = done)); window.fetch = (url, init) => {
		const answer = real(url, init)
		return init?.method === 'POST' && url.endsWith('/tasks') ? answered.then(() => answer) : answer
	} }`))
	first.click("add")
	typed(first, "")
	first.put("#title", "typed meanwhile")
	first.js(`void answer()`)
	listed("half a thought")
	typed(first, "typed meanwhile")

	// The server restarts. A task is created after the list was read, and its event comes before
	// the list.
	first.do(evaluate(`{ const real = window.fetch, released = new Promise(done => (window.release = done)); window.read = 0; window.fetch = async (url, init = {}) => {
		const answer = await real(url, init)
		if ((init.method ?? 'GET') === 'GET' && url.endsWith('/tasks') && ++window.read === 1) await released
		return answer
	} }`))
	restart(t, a.product)
	first.until(`read === 1`)
	api.want(api.send("POST", a.bff+"/api/proxy/me/tasks", `{"title":"from elsewhere"}`), 201, "")
	listed("half a thought,from elsewhere")
	first.js(`void release()`)
	first.until(`read === 2`)
	listed("half a thought,from elsewhere")
	typed(second, "another one")

	// 20 seconds without a network.
	a.wire.set(true)
	second.click("add")
	second.until(`document.querySelector('#error').textContent === 'The server cannot be reached.'`)
	time.Sleep(20 * time.Second)
	typed(second, "another one")
	a.wire.set(false)
	second.click("add")
	typed(second, "")
	listed("half a thought,from elsewhere,another one")

	// Another user gets nothing of the first one.
	first.put("#title", "secret")
	revoke()
	first.comesBack("grace@example.com")
	listed("")
	typed(first, "")
	got := api.want(api.send("GET", a.bff+"/api/proxy/me/tasks", ""), 200, "")
	if n := strings.Count(got.body, `"title"`); n != 3 {
		t.Errorf("got %s, want three tasks", got.body)
	}
	for _, tab := range tabs {
		tab.quiet("401", "ERR_", "502", "503")
	}
}

// restart kills the product's process and starts it again at the same address.
func restart(t *testing.T, p *product) {
	t.Helper()
	proc := p.processes[0]
	if err := proc.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-proc.exited
	p.processes[0] = start(t, proc.cmd.Path, p.dir, proc.cmd.Env, proc.cmd.Args[1:]...)
	p.waitReady(0)
}
