package spa

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// small is an app of all forms of imports and exports. "app/main.js" is its entry.
func small() map[string][]byte {
	return map[string][]byte{
		"app/main.js": []byte("// the entry\nimport {\n\tx,\n\ty as z,\n} from './b.js'\nimport c from '../lib/c.js'\nc(x, z)\n"),
		"app/b.js":    []byte("import { x as deep } from './d.js'\nexport { y } from './d.js'\nexport const x = deep\nexport async function f() {}\n"),
		"app/d.js":    []byte("export const { x, was: y } = { x: 1, was: 2 }\nexport class E {}"),
		"lib/c.js":    []byte(`import{x as n}from"../app/d.js";var t=n;export default function(...a){};export{t as u};`),
	}
}

func TestModulesAreJoined(t *testing.T) {
	t.Parallel()
	text, sourceMap, err := join(small(), "app/main.js", "app/joined.js")
	if err != nil {
		t.Fatal(err)
	}
	want := `const $app_d_js = (() => { // app/d.js
const { x, was: y } = { x: 1, was: 2 }
class E {}
return { E: E, x: x, y: y, } })();
const $app_b_js = (() => { // app/b.js
const { x: deep } = $app_d_js;

const x = deep
async function f() {}
return { f: f, x: x, y: $app_d_js.y, } })();
const $lib_c_js = (() => { // lib/c.js
const { x: n } = $app_d_js;var t=n;const $default = function(...a){};
return { default: $default, u: t, } })();
const $app_main_js = (() => { // app/main.js

const {
	x,
	y: z,
} = $app_b_js;
const { default: c } = $lib_c_js;
c(x, z)
return { } })();
//# sourceMappingURL=joined.js.map
`
	if got := strings.ReplaceAll(string(text), "{x: n}", "{ x: n }"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var m struct {
		Version  int
		Sources  []string
		Mappings string
	}
	if err := json.Unmarshal(sourceMap, &m); err != nil || m.Version != 3 || !slices.Equal(m.Sources, []string{"../app/d.js", "../app/b.js", "../lib/c.js", "../app/main.js"}) {
		t.Errorf("got %s, %v", sourceMap, err)
	}
	// Lines 0 and 1 of the first source, a line of ours twice, and the next source.
	if !strings.HasPrefix(m.Mappings, ";AAAA;AACA;;;ACDA;AACA;") || strings.Count(m.Mappings, ";") != strings.Count(want, "\n")-1 {
		t.Errorf("got %s", m.Mappings)
	}
}

func TestModulesThatCannotBeJoinedAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"app/d.js", "export let x = 1, y", "export let x"},
		{"app/d.js", "export * from './e.js'", "export * from"},
		{"app/main.js", "import * as all from './b.js'", "import * as all"},
		{"app/main.js", "import './b.js'", "import './b.js'"},
		{"app/main.js", "const more = await import('./b.js')", "import('./b.js')"},
		{"app/main.js", "import { gone } from './b.js'", "imports gone, which app/b.js does not export"},
		{"app/b.js", "export { gone } from './d.js'\nexport const x = 1, y = 1", "imports gone, which app/d.js does not export"},
		{"app/main.js", "import b from './b.js'", "imports default"},
		{"app/main.js", "import { x } from './gone.js'", "no module app/gone.js"},
		{"app/d.js", "import { x } from './b.js'\nexport const y = x", "import each other: app/main.js -> app/b.js -> app/d.js -> app/b.js"},
	} {
		own := small()
		own[tt.name] = []byte(tt.text)
		if _, _, err := join(own, "app/main.js", "app/joined.js"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error that says %s", tt.text, err, tt.want)
		}
	}
}

func TestNumbersOfASourceMap(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "A", 1: "C", -1: "D", 15: "e", 16: "gB", -16: "hB", 1000: "w+B"} {
		var m mapping
		if m.number(n); string(m.text) != want {
			t.Errorf("%d: got %s, want %s", n, m.text, want)
		}
	}
}
