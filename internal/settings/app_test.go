package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAppSettings(t *testing.T) {
	empty, build, listing, outside := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	page := filepath.Join(build, "index.html")
	for _, err := range []error{
		os.WriteFile(page, []byte("<!doctype html>"), 0o600),
		os.Mkdir(filepath.Join(listing, "index.html"), 0o700),
		os.Symlink(page, filepath.Join(outside, "index.html")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name             string
		env              Environment
		setting, problem string
	}{
		{"a build", Environment{"WEB_DIR": build}, "", ""},
		{"a dev server", Environment{"WEB_DEV_URL": "http://localhost:5173"}, "", ""},
		{"a dev server in another container", Environment{"WEB_DEV_URL": "http://vite:5173/"}, "", ""},
		{"a missing folder", Environment{"WEB_DIR": filepath.Join(empty, "dist")}, "WEB_DIR", "does not exist"},
		{"a file", Environment{"WEB_DIR": page}, "WEB_DIR", "is not a folder"},
		{"a folder without a page", Environment{"WEB_DIR": empty}, "WEB_DIR", "has no index.html"},
		{"a page that is a folder", Environment{"WEB_DIR": listing}, "WEB_DIR", "not a file"},
		{"a page outside the folder", Environment{"WEB_DIR": outside}, "WEB_DIR", "has no index.html that can be read"},
		{"an invalid URL", Environment{"WEB_DEV_URL": "localhost:5173"}, "WEB_DEV_URL", "does not start with http"},
		{"a path", Environment{"WEB_DEV_URL": "http://localhost:5173/app"}, "WEB_DEV_URL", "more than scheme"},
		{"a query", Environment{"WEB_DEV_URL": "http://localhost:5173?x"}, "WEB_DEV_URL", "more than scheme"},
		{"both", Environment{"WEB_DIR": build, "WEB_DEV_URL": "http://localhost:5173"}, "WEB_DEV_URL", "combined with WEB_DIR"},
		{"the BFF itself", Environment{"WEB_DEV_URL": "http://localhost:3000"}, "WEB_DEV_URL", "call itself"},
		{"a dev server for everybody", Environment{"WEB_DEV_URL": "http://localhost:5173", "BASE_URL": "https://app.example.com", "BETTER_AUTH_SECRET": goodSecret}, "WEB_DEV_URL", "everybody"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := loadFaults(t, ForServe, tt.env)
			if tt.setting == "" {
				if len(found) > 0 {
					t.Errorf("got %v, want none", found)
				}
				return
			}
			if len(found) != 1 || found[0].Setting != tt.setting || !strings.Contains(found[0].Error(), tt.problem) {
				t.Errorf("got %v, want one of %s with %q", found, tt.setting, tt.problem)
			}
		})
	}
}
