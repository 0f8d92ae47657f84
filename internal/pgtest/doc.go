// Package pgtest starts the installed PostgreSQL for tests.
//
// Every test gets its own databases on one server per test process, which starts at its
// first use. Servers run as a user without privileges, without fsync, in a folder in
// /dev/shm, or in the system's temporary directory if TMPDIR is set or /dev/shm is small. They
// end with the test process, even if it is killed. What initdb has made is kept in the user's
// cache. A test that stops the server starts its own with NewServer.
//
// A missing program fails the test and names the Debian package: a test that cannot run has
// not passed.
package pgtest
