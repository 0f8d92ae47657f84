//go:build reference

package e2e

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestReference runs the client's tests against the real Better Auth server: what
// they ask of Vestibule is what that does, but for the differences that
// differences.test.js names.
func TestReference(t *testing.T) {
	for _, suite := range clientSuites {
		t.Run(suite.folder, func(t *testing.T) {
			port, mails := freePort(t), t.TempDir()
			base := "http://localhost:" + port
			startReference(t, port, mails, base, suite.reference)
			runSuite(t, suite, "TARGET=reference", "BASE_URL="+base, "MAIL_DIR="+mails)
		})
	}
}

func TestReferenceOverHTTPS(t *testing.T) {
	for _, suite := range httpsSuites {
		t.Run(suite.folder, func(t *testing.T) {
			front, port, mails := newTLSFront(t), freePort(t), t.TempDir()
			startReference(t, port, mails, front.base, suite.reference)
			front.leadsTo(t, "http://localhost:"+port)
			runSuite(t, suite, "TARGET=reference", "BASE_URL="+front.base, "MAIL_DIR="+mails, "NODE_EXTRA_CA_CERTS="+front.ca)
		})
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(freeAddrs(t, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// startReference starts the real server and waits until it listens.
func startReference(t *testing.T, port, mails, base, mode string) {
	t.Helper()
	server := exec.CommandContext(t.Context(), "node", "reference.js", port, mails, base, mode)
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
}
