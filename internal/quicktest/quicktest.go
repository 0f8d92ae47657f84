// Package quicktest decides what the quick tests, go test -short, leave out: every test
// that needs more than Go on the machine. make test runs all tests.
package quicktest

import "testing"

// Skip skips the test in the quick tests. what is what the test needs, such as PostgreSQL.
func Skip(tb testing.TB, what string) {
	tb.Helper()
	if testing.Short() {
		tb.Skipf("needs %s; make test runs it", what)
	}
}
