// Package neighbours measures how much one hostile client disturbs the others. It compares
// the median and the p99 of a well-behaved user's requests before and during an attack
// from another address, on both engines. It also measures the peak use of memory.
//
// Run make neighbours on a machine that does nothing else. It takes about half an hour. It
// is not part of make test, because its figures depend on the machine. The tests of the
// bounds count requests instead.
package neighbours
