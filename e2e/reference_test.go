//go:build reference

package e2e

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"vestibule/internal/freeport"
)

// TestReference runs the client's tests against the real Better Auth server: what
// they ask of Vestibule is what that does, but for the differences that
// differences.test.js names.
func TestReference(t *testing.T) {
	for _, suite := range clientSuites {
		t.Run(suite.folder, func(t *testing.T) {
			addr, err := freeport.Addr()
			if err != nil {
				t.Fatal(err)
			}
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				t.Fatal(err)
			}
			mails := t.TempDir()
			server := exec.CommandContext(t.Context(), "node", "reference.js", port, mails, suite.reference)
			server.Dir = clientFolder(t)
			server.Stderr = os.Stderr
			out, err := server.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = server.Process.Kill()
				_ = server.Wait()
			})
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "listening") {
				t.Fatalf("got %q, %v from the reference", line, err)
			}
			runSuite(t, suite, "TARGET=reference", "BASE_URL=http://localhost:"+port, "MAIL_DIR="+mails)
		})
	}
}
