// Package pgtest starts the installed PostgreSQL for tests.
//
// Every test gets its own databases on one server per test process, which starts at its
// first use. Servers run as a user without privileges, in a folder under the system's
// temporary directory, without fsync. They end with the test process, even if it is killed.
// A test that stops the server starts its own with NewServer.
//
// A missing program fails the test and names the Debian package: a test that cannot run has
// not passed.
package pgtest
