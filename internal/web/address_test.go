package web

import (
	"fmt"
	"net/netip"
	"testing"
)

// TestANetworkGetsHalfOfTheConnections: a /48 has 65 536 networks that count one by one.
func TestANetworkGetsHalfOfTheConnections(t *testing.T) {
	t.Parallel()
	rooms := newAddressRooms(10, 2)
	enter := func(ip string) (leave func(), err error) { return rooms.enter(t.Context(), netip.MustParseAddr(ip)) }
	var leaves []func()
	for i := range 5 {
		leave, err := enter(fmt.Sprintf("2001:db8:1:%d::1", i))
		if err != nil {
			t.Fatal(i, err)
		}
		leaves = append(leaves, leave)
	}
	if _, err := enter("2001:db8:1:9::1"); err == nil {
		t.Error("a sixth of the network is let in")
	}
	if _, err := enter("2001:db8:2::1"); err != nil {
		t.Error("another network:", err)
	}
	for range 2 {
		if _, err := enter("192.0.2.1"); err != nil {
			t.Error(err)
		}
	}
	if _, err := enter("::ffff:192.0.2.1"); err == nil {
		t.Error("a third of the address is let in")
	}
	leaves[0]()
	if _, err := enter("2001:db8:1:9::1"); err != nil {
		t.Error("after one has left:", err)
	}
}
