// Package e2e tries the product from outside: the real binary, real sockets,
// both databases, in one process and in two.
package e2e
