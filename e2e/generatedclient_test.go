package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// generateClient lets openapi-python-client write a package from a document. Its warnings are errors: it
// leaves out what it does not understand.
func generateClient(t *testing.T, document, folder string) error {
	t.Helper()
	settings := write(t, t.TempDir(), "settings.yml", "post_hooks: []\n") // it would format the code
	cmd := exec.CommandContext(t.Context(), pythonTool(t, "openapi-python-client"), "generate", "--path", document,
		"--meta", "none", "--output-path", folder, "--config", settings, "--fail-on-warning")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PYTHONUTF8=1", "NO_COLOR=1"}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(strings.ToLower(string(out)), "warning") {
		return fmt.Errorf("openapi-python-client: %v\n%s", err, out)
	}
	return nil
}

// operationIDs are those of a document.
func operationIDs(t *testing.T, file string) []string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	document := decode[struct {
		Paths map[string]map[string]json.RawMessage
	}](t, answer{body: string(content)})
	ids := map[string]bool{}
	for _, methods := range document.Paths {
		for method, text := range methods {
			if method != "parameters" {
				ids[decode[struct{ OperationID string }](t, answer{body: string(text)}).OperationID] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// TestAGeneratedClientCallsEveryOperation: a generator that knows nothing of us writes a
// client from each document, with all operations. python/generated.py calls each of them: a
// new operation needs a call there.
func TestAGeneratedClientCallsEveryOperation(t *testing.T) {
	t.Parallel()
	interpreter, program := python(t, "generated.py")
	clients, mails := t.TempDir(), t.TempDir()
	var want []string
	for name, document := range map[string]string{"api": documents[0].file, "bff": documents[1].file} {
		if err := generateClient(t, document, filepath.Join(clients, name)); err != nil {
			t.Fatal(err)
		}
		ids := operationIDs(t, document)
		files, err := filepath.Glob(filepath.Join(clients, name, "api", "*", "[a-z]*.py"))
		if err != nil || len(files) != len(ids) {
			t.Errorf("%s: got the operations %v, %v; want %v", name, files, err, ids)
		}
		for _, id := range ids {
			want = append(want, name+" "+id)
		}
	}
	p := launch(t, shapes[0], "EXPOSE_TOKEN=true", "RATE_LIMIT=off", "MAIL_DIR="+mails)
	id, clientSecret := p.client("importer", "--scope=tasks:read,tasks:write")
	s := start(t, interpreter, t.TempDir(), []string{
		"CLIENTS=" + clients, "MAILS=" + mails, "BFF=" + p.bff, "API=" + p.api, "CLIENT_ID=" + id, "CLIENT_SECRET=" + clientSecret, "PYTHONDONTWRITEBYTECODE=1",
	}, program)
	if code := s.wait(); code != 0 {
		t.Fatalf("got exit code %d:\n%s", code, s.log)
	}
	called := map[string]bool{}
	for line := range strings.Lines(s.log.String()) {
		called[strings.TrimSpace(line)] = true
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(called))); diff != "" {
		t.Errorf("the operations that were called (-want +got):\n%s", diff)
	}
}

// TestAnOperationThatAGeneratorLeavesOutIsNoticed: it says no more than a warning.
func TestAnOperationThatAGeneratorLeavesOutIsNoticed(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(documents[0].file)
	if err != nil {
		t.Fatal(err)
	}
	const known = `"application/merge-patch+json": {`
	if !strings.Contains(string(content), known) {
		t.Fatalf("%s lacks %s", documents[0].file, known)
	}
	folder := t.TempDir()
	broken := write(t, folder, "broken.json", strings.Replace(string(content), known, `"*/*": {`, 1))
	if err := generateClient(t, broken, filepath.Join(folder, "client")); err == nil || !strings.Contains(err.Error(), "*/*") {
		t.Errorf("got %v, want the warning", err)
	}
}
