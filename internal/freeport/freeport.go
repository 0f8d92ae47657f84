// Package freeport finds ports for programs that must be told their address
// before they start.
//
// A port that the system hands out (":0") and that is given back is soon handed
// out again, as the near end of anybody's connection, and the program then finds
// it in use. The ports of this package lie below those that systems hand out.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
)

const (
	lowest = 12_000
	above  = 32_000 // Linux hands out 32768 and up, others 49152 and up
)

// order is every port, each once: of thousands of draws in a test run two would be
// the same now and then, where one program needs both. Other processes draw in an
// order of their own.
var order = rand.Perm(above - lowest)

var asked atomic.Int64

// Next returns a port of the loopback address that nothing listens on, and that
// this process has not been given before.
func Next() (int, error) {
	var refusals []error
	for range 20 {
		port := lowest + order[int(asked.Add(1)-1)%len(order)]
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, l.Close()
		}
		refusals = append(refusals, err)
	}
	return 0, fmt.Errorf("find a free port: %w", errors.Join(refusals...))
}

// Addr returns the loopback address with a port as Next finds it.
func Addr() (string, error) {
	port, err := Next()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}
