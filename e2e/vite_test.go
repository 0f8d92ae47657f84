package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vestibule/internal/quicktest"
)

// The text of docs/spa.md is run as it stands: its commands make a scaffold of create-vite that
// nobody has touched, and its App.jsx replaces the scaffold's. Only three things differ. The
// packages come from e2e/vite, where their versions are pinned; the ports are free ones; and
// vestibule is the binary under test.

// viteText returns the commands of docs/spa.md and its App.jsx.
func viteText(t *testing.T) (commands []string, app string) {
	t.Helper()
	return spaText(t, "React and Vite in ten lines", "jsx",
		"npm create vite@latest my-app -- --template react --no-interactive", "cd my-app && npm install better-auth",
		"npm run dev", "WEB_DEV_URL=http://localhost:5173 vestibule serve",
		"npm run build", "WEB_DIR=dist vestibule serve")
}

// spaText returns the commands of a section of docs/spa.md, which must be those that the test
// runs, and its file in a language.
func spaText(t *testing.T, title, language string, want ...string) (commands []string, file string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "spa.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## "+title+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	before, rest, _ := strings.Cut(section, "```"+language+"\n")
	file, after, _ := strings.Cut(rest, "```\n")
	for line := range strings.Lines(before + after) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	if !slices.Equal(commands, want) || file == "" {
		t.Fatalf("%s in docs/spa.md has the commands %q and a file of %d bytes; the test runs %q", title, commands, len(file), want)
	}
	return commands, file
}

// pinnedNPM is a shell function in place of npm's two commands that download packages. npm
// create runs a package with all arguments but the --.
const pinnedNPM = `npm() {
	case "$1 $2" in
	"create vite@latest") node "$PINNED/node_modules/create-vite/index.js" "$3" "${@:5}" ;;
	"install better-auth") ln -s "$PINNED/node_modules" node_modules ;;
	*) exit 9 ;;
	esac
}
`

// viteApp makes the app of docs/spa.md in a folder of the test, and returns the commands that
// come next.
func viteApp(t *testing.T) (folder string, commands []string) {
	t.Helper()
	quicktest.Skip(t, "Node.js")
	commands, app := viteText(t)
	pinned, err := filepath.Abs("vite")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(pinned, "node_modules", "create-vite")); err != nil {
		t.Fatalf("Vite is not installed; run e2e/install.sh, or npm ci --ignore-scripts in e2e/vite: %v", err)
	}
	dir := t.TempDir()
	make := exec.Command("bash", "-euc", pinnedNPM+commands[0]+"\n"+commands[1])
	make.Dir, make.Env = dir, append(os.Environ(), "PINNED="+pinned)
	if text, err := make.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", commands[:2], err, text)
	}
	folder = filepath.Join(dir, "my-app")
	wantPinned(t, filepath.Join(folder, "package.json"), filepath.Join(pinned, "package.json"))
	path := filepath.Join(folder, "src", "App.jsx")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the scaffold has no App.jsx to replace: %v", err)
	}
	if err := os.WriteFile(path, []byte(app), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder, commands[2:]
}

// wantPinned checks that the scaffold asks for the packages that e2e/vite has.
func wantPinned(t *testing.T, scaffold, pinned string) {
	t.Helper()
	var asked, has struct{ Dependencies, DevDependencies map[string]string }
	for path, into := range map[string]any{scaffold: &asked, pinned: &has} {
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"react", "react-dom"} {
		if got, want := has.Dependencies[name], asked.Dependencies[name]; got != want || want == "" {
			t.Errorf("%s: e2e/vite has %q, and the scaffold %q", name, got, want)
		}
	}
	for _, name := range []string{"vite", "@vitejs/plugin-react"} {
		if got, want := has.DevDependencies[name], asked.DevDependencies[name]; got != want || want == "" {
			t.Errorf("%s: e2e/vite has %q, and the scaffold %q", name, got, want)
		}
	}
}

// usesTheApp signs up in the app and adds a task.
func (p *tab) usesTheApp() {
	p.Helper()
	p.waits(`document.forms.length == 1`)
	for name, value := range map[string]string{"name": "Ada", "email": "ada@example.com", "password": "correct horse"} {
		p.do(chromedp.Focus(chromedp.CSS("[name="+name+"]")), chromedp.KeyEvent(value))
	}
	p.click("go")
	p.shows("who", "Hello Ada")
	p.click("add")
	p.waits(`(fetch("/api/proxy/me/tasks").then((r) => r.json()).then((all) => { window.tasks = all.length }), window.tasks == 1)`)
}

// waits waits until a condition in the page is true.
func (p *tab) waits(condition string) {
	p.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if p.eval("String("+condition+")") == "true" {
			return
		}
		if time.Now().After(end) {
			p.Fatalf("%s is not so", condition)
		}
	}
}

func TestAViteBuildIsServed(t *testing.T) {
	t.Parallel()
	folder, commands := viteApp(t)
	build := exec.Command("bash", "-euc", commands[2])
	build.Dir = folder
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", commands[2], err, text)
	}
	setting, _, _ := strings.Cut(commands[3], " ")
	name, dir, _ := strings.Cut(setting, "=")
	p := launch(t, shapes[0], name+"="+filepath.Join(folder, dir))
	b := newBrowser(t, p.bff)
	page := b.want(b.send("GET", p.bff+"/settings/profile", "", "Sec-Fetch-Mode", "navigate"), 200, `<div id="root">`)
	script := regexp.MustCompile(`/assets/index-[\w-]{8}\.js`).FindString(page.body)
	got := b.want(b.send("GET", p.bff+script, "", "Accept-Encoding", "gzip"), 200, "")
	if cache := got.header.Get("Cache-Control"); cache != "public, max-age=31536000, immutable" || got.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%s: got %v", script, got.header)
	}
	b.want(b.send("GET", p.bff+"/assets/index-gone1234.js", ""), 404, "NOT_FOUND")

	tab := openTab(t, chromium(t), p.bff+"/settings/profile")
	tab.usesTheApp()
	tab.quiet()
	tab.do(chromedp.Reload())
	tab.shows("who", "Hello Ada")
	tab.quiet()
}

func TestAViteDevServerIsFronted(t *testing.T) {
	t.Parallel()
	folder, commands := viteApp(t)
	_, port, _ := strings.Cut(freeAddrs(t, 1)[0], ":")
	setting, _, _ := strings.Cut(commands[1], " ")
	setting = strings.Replace(setting, "5173", port, 1)
	p := launch(t, shapes[0], setting)
	startDevServer(t, folder, commands[0]+" -- --strictPort --port "+port, port)

	tab := openTab(t, chromium(t), p.bff+"/settings/profile")
	tab.usesTheApp()
	// A change is seen without a reload.
	tab.eval(`window.marked = "still here"`)
	path := filepath.Join(folder, "src", "App.jsx")
	source, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, bytes.Replace(source, []byte("Hello"), []byte("Welcome"), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	tab.shows("who", "Welcome Ada")
	if got := tab.eval(`window.marked ?? "reloaded"`); got != "still here" {
		t.Errorf("got %q: the page was loaded anew", got)
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, message := range tab.complains {
		if !strings.Contains(message.Text, "[vite]") && !strings.Contains(message.Text, "React DevTools") {
			t.Errorf("the console has %q", message)
		}
	}
}

// TestTheFirstPagesNameTheSettings that a team with an app and an API of its own needs.
func TestTheFirstPagesNameTheSettings(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"README.md", filepath.Join("docs", "spa.md")} {
		page, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, setting := range []string{"BACKEND_URL", "WEB_DEV_URL", "WEB_DIR"} {
			if !bytes.Contains(page, []byte(setting)) {
				t.Errorf("%s does not name %s", name, setting)
			}
		}
	}
}
