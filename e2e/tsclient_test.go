package e2e

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Our own client of the task API, bff/spa/client, in Node and under the TypeScript
// compiler: e2e/client/tasks has its tests.

func TestTypeScriptClient(t *testing.T) {
	t.Parallel()
	p := sharedProduct(t, shapes[0])
	runSuite(t, clientSuite{folder: "tasks"}, "TARGET=vestibule", "BASE_URL="+p.bff)
}

// TestTheAppSearchesAsTheAPI runs the functions of the app that need no browser.
func TestTheAppSearchesAsTheAPI(t *testing.T) {
	t.Parallel()
	runSuite(t, clientSuite{folder: "app"})
}

// tool runs a program that npm has installed, and returns what it says.
func tool(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(clientFolder(t), "node_modules", ".bin", name), args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NO_COLOR=1"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestClientTypesAreCurrent(t *testing.T) {
	t.Parallel()
	root := filepath.Dir(mustGetwd(t))
	const types = "bff/spa/client/openapi.d.ts"
	fresh := filepath.Join(t.TempDir(), "openapi.d.ts")
	if out, err := tool(t, root, "openapi-typescript", "api/openapi.json", "-o", fresh, "--default-non-nullable=false"); err != nil {
		t.Fatalf("openapi-typescript: %v\n%s", err, out)
	}
	want, err := os.ReadFile(fresh)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, types))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what api/openapi.json says; run make client", types)
	}
}

// TestClientIsSmall: a page loads it before it can show anything.
func TestClientIsSmall(t *testing.T) {
	t.Parallel()
	out, err := tool(t, filepath.Dir(mustGetwd(t)), "esbuild", "bff/spa/client/index.js", "--bundle", "--minify", "--format=esm", "--log-level=warning")
	if err != nil {
		t.Fatalf("esbuild: %v\n%s", err, out)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(out))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if packed.Len() > 6<<10 {
		t.Errorf("got %d bytes compressed, want at most 6 KiB", packed.Len())
	}
}

// programs use the client. fault is what the compiler must complain about, "" if nothing.
var programs = map[string]struct{ source, fault string }{
	"an app": {`
		import client, { ApiError, type NewTask, type Task, type TaskChange, SessionLostEvent, createClient, createTask, etagOf, fetchTasks, updateTask } from './client/index.js'

		const mine: Task[] = await fetchTasks()
		const theirs: Task[] = await fetchTasks('usr_x', { completed: false, sort: '-title' })
		const draft: NewTask = { title: 'a', description: null }
		const made: Task = await createTask('usr_x', draft)
		const change: TaskChange = { completed: true }
		const version: string | undefined = etagOf(made)
		const changed: Task = await updateTask(made.id, change, { ifMatch: version, signal: AbortSignal.timeout(1000) })
		const text: string = changed.title + (changed.description ?? '')

		const other = createClient({ baseURL: '', fetch, onSessionLost: ({ code }: SessionLostEvent) => console.log(code) })
		other.addEventListener('session-lost', (event) => { const code: 'NO_SESSION' | 'SESSION_EXPIRED' = event.code; console.log(code) })
		for await (const page of other.pages({ limit: 10 })) page.map((task) => task.title)
		const stop: () => void = other.watchTasks({ onUpdated: (task) => console.log(task.id), onReset: (reason) => console.log(reason.length) })
		stop()
		try {
			await other.deleteTask(1, { ifMatch: made })
		} catch (error) {
			if (error instanceof ApiError) console.log(error.fields['title']?.length, error.retryAfter ?? 0)
		}
		const email: string | undefined = (await client.session())?.user.email
		console.log(mine, theirs, text, email)`, ""},
	"a task without a title":         {`import { createTask } from './client/index.js'; await createTask({ description: 'a' })`, "title"},
	"a task with another's title":    {`import { createTask } from './client/index.js'; await createTask('usr_x', { title: 1 })`, "number"},
	"a field that does not exist":    {`import { updateTask } from './client/index.js'; await updateTask(1, { titel: 'a' })`, "titel"},
	"a title that is no text":        {`import { updateTask } from './client/index.js'; await updateTask(1, { title: null })`, "null"},
	"a member that a task lacks":     {`import { fetchTasks } from './client/index.js'; const [task] = await fetchTasks(); task?.done`, "done"},
	"a description that may be null": {`import { fetchTask } from './client/index.js'; (await fetchTask(1)).description.length`, "null"},
	"a parameter that is not there":  {`import { fetchTasks } from './client/index.js'; await fetchTasks({ sort: 'colour' })`, "colour"},
	"an id that is a word":           {`import { createClient } from './client/index.js'; await createClient().fetchTask('1')`, "number"},
	"an option that is not there":    {`import { createClient } from './client/index.js'; createClient({ token: 'a' })`, "token"},
	"a code that does not exist":     {`import client from './client/index.js'; client.addEventListener('session-lost', ({ code }) => code === 'GONE')`, "GONE"},

	"an app with a session": {`
		import { createSession, type SessionState } from './client/session.js'

		const session = createSession({ warnBefore: 60_000 })
		const stop: () => void = session.follow(() => { const { state, warning }: SessionState = session.get(); console.log(state === 'lost', warning === 'stay') })
		await session.load()
		session.enter(await (await fetch('/api/auth/login')).json())
		const answer: Response = await session.fetch('/api/proxy/me/tasks', { method: 'POST', hold: true })
		const same: boolean = await session.returned()
		const email: string | undefined = session.get().user?.email
		console.log(answer.status, same, email, await session.stay())
		stop()`, ""},
	"a state that does not exist": {`import { createSession } from './client/session.js'; createSession().get().state === 'gone'`, "gone"},
	"a state that is changed":     {`import { createSession } from './client/session.js'; createSession().get().handle = 'x'`, "handle"},

	// The JavaScript has what is declared, all of it and nothing else.
	"the module itself": {`
		import * as declared from './client/index.js'
		import * as made from './client/implementation.js'

		export const all: typeof declared = made
		export const nothingElse: typeof made extends Record<Exclude<keyof typeof made, keyof typeof declared>, never> ? true : never = true`, ""},
	"the module of the session itself": {`
		import * as declared from './client/session.js'
		import * as made from './client/session-implementation.js'

		export const all: typeof declared = made
		export const nothingElse: typeof made extends Record<Exclude<keyof typeof made, keyof typeof declared>, never> ? true : never = true`, ""},
}

const programConfig = `{
	"compilerOptions": {
		"strict": true, "noEmit": true, "allowJs": true, "checkJs": true, "exactOptionalPropertyTypes": true, "noUncheckedIndexedAccess": true,
		"target": "es2022", "module": "es2022", "moduleResolution": "bundler", "moduleDetection": "force",
		"lib": ["es2022", "dom", "dom.iterable", "dom.asynciterable"], "types": [],
		"skipDefaultLibCheck": true // TypeScript's own declarations, which take a fifth of the time
	},
	"include": ["*.ts"]
}`

// TestTypeScriptPrograms compiles them all at once, and the examples of the page too.
func TestTypeScriptPrograms(t *testing.T) {
	t.Parallel()
	root, dir := filepath.Dir(mustGetwd(t)), t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "client"), os.DirFS(filepath.Join(root, "bff", "spa", "client"))); err != nil {
		t.Fatal(err)
	}
	// Beside a declaration of its own name a JavaScript file is not looked at.
	for from, to := range map[string]string{"index.js": "implementation.js", "session.js": "session-implementation.js"} {
		if err := os.Rename(filepath.Join(dir, "client", from), filepath.Join(dir, "client", to)); err != nil {
			t.Fatal(err)
		}
	}
	write("tsconfig.json", programConfig)
	files := map[string]string{} // a file's fault, or ""
	names := map[string]string{}
	add := func(name, source, fault string) {
		file := "program" + strconv.Itoa(len(files)) + ".ts"
		write(file, source)
		files[file], names[file] = fault, name
	}
	for name, p := range programs {
		add(name, p.source, p.fault)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "client.md"))
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?ms)^```ts\n(.*?)^```$").FindAllSubmatch(page, -1)
	if len(examples) < 7 {
		t.Errorf("got %d examples in docs/client.md", len(examples))
	}
	for i, example := range examples {
		add("example "+strconv.Itoa(i+1), string(example[1]), "")
	}

	out, _ := tool(t, dir, "tsc", "--pretty", "false", "-p", ".") // it fails because some programs must
	said, file := map[string]string{}, ""
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, " ") { // not the rest of what was said before
			file, _, _ = strings.Cut(line, "(")
		}
		if _, known := files[file]; !known {
			t.Errorf("the compiler says of no program: %s", line)
		}
		said[file] += line
	}
	for file, fault := range files {
		if fault == "" && said[file] != "" {
			t.Errorf("%s does not compile:\n%s", names[file], said[file])
		}
		if fault != "" && !strings.Contains(said[file], "'"+fault) && !strings.Contains(said[file], `"`+fault) {
			t.Errorf("%s: got %q, want an error that names %s", names[file], said[file], fault)
		}
	}
}
