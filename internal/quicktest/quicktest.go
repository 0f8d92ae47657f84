// Package quicktest knows what the quick tests, go test -short, leave out: every test
// that needs more on the machine than Go. make test leaves nothing out.
package quicktest

import "testing"

// Skip leaves the test out of the quick tests. what is what it needs, such as PostgreSQL.
func Skip(tb testing.TB, what string) {
	tb.Helper()
	if testing.Short() {
		tb.Skipf("needs %s; make test runs it", what)
	}
}
