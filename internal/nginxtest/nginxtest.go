// Package nginxtest starts the installed nginx, for tests of what happens behind it.
//
// Each nginx has its own folder and port, is one process, and ends with the test. A missing
// program fails the test and names the Debian package: a test that cannot run has not
// passed.
package nginxtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vestibule/internal/childtest"
	"vestibule/internal/quicktest"
)

// upPath is answered by nginx itself.
const upPath = "/.nginx-is-up"

// Config is the content of nginx.conf. Relative paths in it are inside a folder that is
// deleted with the test.
type Config struct {
	HTTP   string // directives of the http block, like proxy_cache_path
	Server string // directives of the one server block; listen is added
}

// Start runs nginx and returns its URL, like http://127.0.0.1:12345, when it answers.
func Start(tb testing.TB, c Config) string {
	tb.Helper()
	quicktest.Skip(tb, "nginx")
	program, err := find("/usr/sbin/nginx") // Debian's, not in everyone's PATH
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	return childtest.Start(tb, "nginx", upPath, func(address string) (*exec.Cmd, error) {
		cmd := exec.Command(program, "-p", dir+"/", "-c", "nginx.conf", "-e", "stderr")
		cmd.Dir = dir
		return cmd, os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(c.text(address)), 0o600)
	})
}

// text returns the whole nginx.conf. Without a master process there is only one process to
// end.
func (c Config) text(address string) string {
	return fmt.Sprintf(`daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	%s
	server {
		listen %s;
		location = %s { return 204; }
		%s
	}
}
`, c.HTTP, address, upPath, c.Server)
}

func find(fallback string) (string, error) {
	return childtest.Find("nginx", "nginx", fallback)
}
