// Package neighbours measures what one client can do to the others: a well-behaved
// user's median and p99 before and while somebody at another address does their
// worst, on both engines, and the most memory that the product holds meanwhile.
//
// make neighbours runs it, on a machine that does nothing else; it takes about half
// an hour. It is no part of make test: what it finds depends on the machine. There
// the bounds are counted instead.
package neighbours
