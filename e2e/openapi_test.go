package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"vestibule/internal/openapitest"
	"vestibule/internal/quicktest"
)

// documents are the OpenAPI documents of the API and the BFF: the file in the repository and
// the path at the running product.
var documents = []struct{ name, file, path string }{
	{"the task API", "../api/openapi.json", "/openapi.json"},
	{"the BFF", "../bff/openapi.json", "/api/openapi.json"},
}

// pythonTool is the path of a program of the Python packages.
func pythonTool(t testing.TB, name string) string {
	t.Helper()
	quicktest.Skip(t, "Python")
	path, err := filepath.Abs(filepath.Join("python", ".venv", "bin", name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%s is not installed; run e2e/install.sh: %v", name, err)
	}
	return path
}

// TestAForeignValidatorAcceptsTheDocuments as OpenAPI 3.1, and stops at a broken one. One process
// reads all: most of its time is its start.
func TestAForeignValidatorAcceptsTheDocuments(t *testing.T) {
	t.Parallel()
	tool := pythonTool(t, "openapi-spec-validator")
	document, err := os.ReadFile(documents[0].file)
	if err != nil {
		t.Fatal(err)
	}
	broken := write(t, t.TempDir(), "broken.json", strings.Replace(string(document), `"responses": {`, `"replies": {`, 1))
	out, err := exec.Command(tool, "--schema", "3.1", documents[0].file, documents[1].file, broken).CombinedOutput()
	for _, d := range documents {
		if !strings.Contains(string(out), d.file+": OK\n") {
			t.Errorf("%s is not accepted: %v\n%.3000s", d.name, err, out)
		}
	}
	if err == nil || !strings.Contains(string(out), broken+": Validation Error: ") {
		t.Errorf("got %v for a broken document, want a validation error:\n%.3000s", err, out)
	}
}

// TestTheDocumentsKeepTheirWord sends valid and invalid requests that Schemathesis generates
// from the documents, and checks the answers against them: no 5xx, and no status, content
// type, header or member that the document lacks. The seed makes all runs equal.
func TestTheDocumentsKeepTheirWord(t *testing.T) {
	t.Parallel()
	interpreter, program := python(t, "runs.py")
	p := launch(t, shapes[0], "RATE_LIMIT=off", "EXPOSE_TOKEN=true")
	b := newBrowser(t, p.bff)
	id := b.signUp("fuzz@example.com")
	token := "Authorization: Bearer " + mint(t, with(claims(id), "exp", 4102444800), secret)
	client, clientSecret := p.client("tester", "--grant=credentials,exchange", "--scope=tasks:read,tasks:write")
	service := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(client+":"+clientSecret))
	// Operations that end their session have another user. Otherwise the other operations
	// would get only 401s after them.
	leaver := newBrowser(t, p.bff)
	leaver.signUp("leaver@example.com")
	cookie := func(b *browser) string { return "better-auth.session_token=" + b.cookie() }
	const ending = "'^(signup|signUpEmail|login|signInEmail|logout|signOut|changePassword|revokeSession|revokeSessions|deleteUser)$'"
	// One run for both users.
	config := filepath.Join(t.TempDir(), "schemathesis.toml")
	users := fmt.Sprintf("[[operations]]\ninclude-operation-id-regex = %s\nheaders = { Cookie = %q }\n\n[[operations]]\nexclude-operation-id-regex = %[1]s\nheaders = { Cookie = %[3]q }\n",
		ending, cookie(leaver), cookie(b))
	if err := os.WriteFile(config, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	names := []string{"the task API", "the token endpoint", "the BFF, signed in"}
	runs := [][]string{
		// A stream does not end.
		{"run", p.api + documents[0].path, "--header", token, "--exclude-operation-id-regex", "^watchTasks$"},
		{"run", p.bff + documents[1].path, "--header", service, "--include-operation-id-regex", "^issueToken$"},
		{"--config-file", config, "run", p.bff + documents[1].path},
	}
	for i := range runs {
		runs[i] = append(runs[i],
			"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance",
			"--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1", "--generation-database", "none",
			"--workers", "1", // Python 3.11's parser fails now and then in two threads
			"--continue-on-failure", "--warnings", "off", "--no-color", "--request-timeout", "30")
	}
	list, err := json.Marshal(runs)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), interpreter, program, string(list))
	cmd.Dir = t.TempDir()
	// Hypothesis keeps its tables of Unicode in this folder: half of the time of a start is to
	// compute them. It keeps no examples there.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "PYTHONUTF8=1", "HYPOTHESIS_STORAGE_DIRECTORY=" + filepath.Join(interpreter, "..", "..", "hypothesis")}
	out, err := cmd.CombinedOutput()
	for i, name := range names {
		// What has failed says so itself, and every run must have come to its end.
		text, _ := os.ReadFile(filepath.Join(cmd.Dir, strconv.Itoa(i)))
		if !strings.Contains(string(text), "= No issues found in ") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if a := b.send("GET", p.bff+"/api/auth/session", ""); !strings.Contains(a.body, id) {
		t.Errorf("the session has ended, so that only 401s were seen: %v", a)
	}
}

// surface is a listener whose answers are checked against a document.
type surface struct {
	contract *openapitest.Contract
	foreign  bool // what its proxy answers is not our API's
}

// surfaces are those of all products under test, by their addresses.
var surfaces sync.Map // string to surface

var contracts = sync.OnceValues(func() ([]*openapitest.Contract, error) {
	var loaded []*openapitest.Contract
	for _, d := range documents {
		text, err := os.ReadFile(d.file)
		if err != nil {
			return nil, err
		}
		c, err := openapitest.Load(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.file, err)
		}
		loaded = append(loaded, c)
	}
	return loaded, nil
})

// described checks all answers of the product to a test's browsers against the documents.
func (p *product) described(settings []string) {
	p.t.Helper()
	c, err := contracts()
	if err != nil {
		p.t.Fatal(err)
	}
	foreign := slices.ContainsFunc(settings, func(s string) bool {
		return strings.HasPrefix(s, "BACKEND_URL=") || strings.HasPrefix(s, "ROUTES_FILE=")
	})
	surfaces.Store(strings.TrimPrefix(p.api, "http://"), surface{contract: c[0]})
	surfaces.Store(strings.TrimPrefix(p.bff, "http://"), surface{contract: c[1], foreign: foreign})
}

// documented is the transport of a test's browser.
func documented(t testing.TB) http.RoundTripper {
	return openapitest.Transport{TB: t, Next: http.DefaultTransport, Contract: func(r *http.Request) *openapitest.Contract {
		found, ok := surfaces.Load(r.URL.Host)
		s, _ := found.(surface)
		if !ok || s.foreign && strings.HasPrefix(r.URL.Path, "/api/proxy/") {
			return nil
		}
		return s.contract
	}}
}
