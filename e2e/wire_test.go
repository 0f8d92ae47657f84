package e2e

import (
	"net"
	"sync"
	"testing"
)

// wire is a proxy for connections that a test can cut.
type wire struct {
	addr, to string
	mu       sync.Mutex
	cut      bool
	open     map[net.Conn]bool
}

func newWire(t testing.TB) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	w := &wire{addr: "localhost:" + port, open: map[net.Conn]bool{}}
	t.Cleanup(func() {
		_ = listener.Close()
		w.set(true)
	})
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go w.pass(near)
		}
	}()
	return w
}

func (w *wire) pass(near net.Conn) {
	w.mu.Lock()
	to := w.to
	w.mu.Unlock()
	far, err := net.Dial("tcp", to)
	if err != nil {
		_ = near.Close()
		return
	}
	w.mu.Lock()
	cut := w.cut
	if !cut {
		w.open[near], w.open[far] = true, true
	}
	w.mu.Unlock()
	if cut {
		_, _ = near.Close(), far.Close()
		return
	}
	stream := func(to, from net.Conn) {
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			if n > 0 {
				if _, err := to.Write(buf[:n]); err != nil {
					break
				}
			}
			if err != nil {
				break
			}
		}
		_, _ = near.Close(), far.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.open, near)
		delete(w.open, far)
	}
	go stream(far, near)
	stream(near, far)
}

// set cuts the wire or repairs it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if !cut {
		return
	}
	for c := range w.open {
		_ = c.Close()
	}
}
