// Package pgtest starts the PostgreSQL that is installed on this machine, for
// tests.
//
// Every test gets databases of its own on one server per test process, started
// when first asked for. Servers run as a user without privileges, in a folder
// under the system's temporary directory, without fsync, and are gone with the
// test process, however that ends. A test that takes the server down starts one
// of its own with NewServer.
//
// What is missing on the machine fails the test and names the Debian package:
// a test that cannot run has not passed.
package pgtest
