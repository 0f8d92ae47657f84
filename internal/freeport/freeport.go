// Package freeport finds ports for programs that must be told their address
// before they start.
//
// If the system chooses a port (":0") and it is released, the system soon gives it to
// another connection, and the program then finds it in use. The ports of this package are
// below the range of the system.
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
	above  = 32_000 // Linux assigns 32768 and up, others 49152 and up
)

// order contains every port once. With random choices, two of thousands in a test run would
// sometimes be equal, although one program needs both. Other processes use another order.
var order = rand.Perm(above - lowest)

var asked atomic.Int64

// Next returns a port of the loopback address that nothing listens on, and that it has not
// returned in this process before.
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

// Addr returns the loopback address with a port from Next.
func Addr() (string, error) {
	port, err := Next()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}
