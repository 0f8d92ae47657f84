//go:build cluster

package e2e

// long is whether the tests of a cluster take their whole time: make cluster.
const long = true
