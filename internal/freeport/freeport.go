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
	"sync"
)

const (
	lowest = 12_000
	above  = 32_000 // Linux assigns 32768 and up, others 49152 and up
)

// claims are open UDP sockets on the ports that this process has returned. Programs under
// test use TCP. The tests of several packages run at the same time, and a port of one of them
// is free for TCP until its program has started. The socket tells the others that it is not.
var claims struct {
	sync.Mutex
	order   []int // the offsets of all ports; random, so that processes rarely try the same ones
	sockets []net.PacketConn
}

// Next returns a port of the loopback address that nothing listens on, and that neither this
// process nor another one that still runs has got from Next.
func Next() (int, error) {
	claims.Lock()
	defer claims.Unlock()
	if claims.order == nil {
		claims.order = rand.Perm(above - lowest)
	}
	var refusals []error
	for range min(20, len(claims.order)) {
		port := lowest + claims.order[0]
		claims.order = claims.order[1:]
		socket, err := claim(fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			claims.sockets = append(claims.sockets, socket)
			return port, nil
		}
		refusals = append(refusals, err)
	}
	return 0, fmt.Errorf("find a free port: %w", errors.Join(refusals...))
}

// claim opens the UDP socket of an address on which nothing listens.
func claim(addr string) (net.PacketConn, error) {
	socket, err := net.ListenPacket("udp", addr)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	if err := l.Close(); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return socket, nil
}

// Addr returns the loopback address with a port from Next.
func Addr() (string, error) {
	port, err := Next()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}
