package freeport

import (
	"net"
	"strconv"
	"testing"
)

func TestAddressesAreFreeAndNotTheSystemsOwn(t *testing.T) {
	for range 20 {
		addr, err := Addr()
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatalf("got %s, want a free address: %v", addr, err)
		}
		defer l.Close() // in use until the end, so none may be returned twice
		_, text, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		if port, _ := strconv.Atoi(text); port < 1024 || port >= 32768 {
			t.Errorf("got port %s, want one that the system does not hand out by itself", text)
		}
	}
}

func TestNoPortComesTwice(t *testing.T) {
	seen := map[int]bool{}
	for range 2000 { // with random choices, a dozen of them would be equal
		port, err := Next()
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] {
			t.Fatalf("got port %d twice", port)
		}
		seen[port] = true
	}
}

func TestAPortOfAnotherProcessIsNotReturned(t *testing.T) {
	addr, err := Addr()
	if err != nil {
		t.Fatal(err)
	}
	if socket, err := claim(addr); err == nil {
		_ = socket.Close()
		t.Errorf("%s is claimed twice", addr)
	}
}
