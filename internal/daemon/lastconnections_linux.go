package daemon

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Linux completes the handshake of a connection before the program accepts it. When a
// listener closes, connections that were not accepted yet are reset, also if their request
// has arrived, and a proxy does not repeat a POST that it has sent. So before the listener
// closes, the first packets of new connections are dropped, until all that wait are
// accepted. Such a client sends its packet again after a second. It is refused then, and
// can go elsewhere.
const (
	handshakeTime  = 10 * time.Millisecond // for handshakes that have begun
	lastAcceptTime = 200 * time.Millisecond
)

// dropNew is a filter for the packets of a listener: it drops those with the flag SYN.
// Accepted connections inherit it, and it does nothing to them.
var dropNew = [...]unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13}, // the byte of flags in the TCP header
	{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: 0x02, Jf: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1},
}

// acceptQueued returns when no connection waits to be accepted and no new one can begin, or
// when that takes too long, or when the system does not support it.
func acceptQueued(l net.Listener) {
	withSocket, is := l.(syscall.Conn)
	if !is {
		return
	}
	socket, err := withSocket.SyscallConn()
	if err != nil {
		return
	}
	program := unix.SockFprog{Len: uint16(len(dropNew)), Filter: &dropNew[0]}
	var refused error
	err = socket.Control(func(fd uintptr) {
		refused = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program)
	})
	if err != nil || refused != nil {
		return
	}
	time.Sleep(handshakeTime)
	for end := time.Now().Add(lastAcceptTime); notAccepted(socket) > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// notAccepted returns how many connections wait to be accepted.
func notAccepted(socket syscall.RawConn) (n uint32) {
	_ = socket.Control(func(fd uintptr) {
		// For a listener, this field of the TCP_INFO is the length of its queue.
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = info.Unacked
		}
	})
	return n
}
