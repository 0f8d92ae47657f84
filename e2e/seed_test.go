package e2e

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vestibule/internal/waittest"
)

// The seed is the quickstart for FastAPI, Next.js and Better Auth that Vestibule began with.
// Its files run as they stand there. e2e/seed has what the quickstart expects to be there
// already. Left out are Better Auth's configuration and the route handlers of Next.js, because
// Vestibule takes their place.

var seedFiles = []string{
	"backend/app/dependencies/auth.py", "backend/app/main.py", "backend/app/routes/tasks.py",
	"frontend/src/app/(auth)/login/page.tsx", "frontend/src/app/(auth)/signup/page.tsx",
	"frontend/src/components/auth/logout-button.tsx", "frontend/src/lib/api-client.ts",
}

var seedReplaced = []string{
	"frontend/src/app/api/auth/[...all]/route.ts", "frontend/src/app/api/proxy/[...path]/route.ts", "frontend/src/lib/auth.ts",
}

// seed makes the folder of the quickstart's backend or frontend.
func seed(t *testing.T, part string) (folder string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("seed", "quickstart.md"))
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	var has []string
	for _, block := range regexp.MustCompile("(?ms)^(?:Create|Update) `([^`]+)`:\n\n```\\w+\n(.*?)^```$").FindAllSubmatch(text, -1) {
		path := string(block[1])
		has = append(has, path)
		if below, ok := strings.CutPrefix(path, part+"/"); ok && slices.Contains(seedFiles, path) {
			if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(below)), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, folder, below, string(block[2]))
		}
	}
	want := slices.Sorted(slices.Values(slices.Concat(seedFiles, seedReplaced)))
	if slices.Sort(has); !slices.Equal(has, want) {
		t.Fatalf("the quickstart has the files %q, want %q", has, want)
	}
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("seed", part))); err != nil {
		t.Fatal(err)
	}
	return folder
}

// startSeedBackend starts the seed's FastAPI backend on SQLite.
func startSeedBackend(t *testing.T) (url string, backend *process) {
	t.Helper()
	interpreter, _ := python(t, "")
	address := freeAddrs(t, 1)[0]
	_, port, _ := strings.Cut(address, ":")
	backend = start(t, interpreter, seed(t, "backend"), []string{"BETTER_AUTH_SECRET=" + secret, "DATABASE_URL=sqlite:///tasks.db"}, "-m", "uvicorn", "app.main:app", "--port", port)
	url = "http://" + address
	waittest.Until(t, "the seed's backend answers", func() bool { return waittest.Status(url+"/") == 200 })
	return url, backend
}

// TestTheSeedIsTheSharedOne: a clone of the project has only the copy.
func TestTheSeedIsTheSharedOne(t *testing.T) {
	t.Parallel()
	shared, err := os.ReadFile(filepath.Join("..", "..", "shared", "seed", "quickstart.md"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("this clone has no ../shared/seed/quickstart.md to compare with")
	}
	if err != nil {
		t.Fatal(err)
	}
	if ours, err := os.ReadFile(filepath.Join("seed", "quickstart.md")); err != nil || !bytes.Equal(ours, shared) {
		t.Errorf("e2e/seed/quickstart.md is not ../shared/seed/quickstart.md: %v", err)
	}
}
