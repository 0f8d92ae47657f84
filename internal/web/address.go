package web

import (
	"context"
	"math"
	"net/http"
	"net/netip"

	"vestibule/internal/fair"
)

// addressRooms are places by address: an IPv4 address, or a /64 of IPv6, has so many. A
// /48, which one customer can have too, has half of all.
type addressRooms struct{ addresses, networks *fair.Room }

func newAddressRooms(all, perAddress int) addressRooms {
	return addressRooms{
		addresses: fair.New(fair.Limits{Places: math.MaxInt, PerKey: perAddress}),
		networks:  fair.New(fair.Limits{Places: math.MaxInt, PerKey: max(perAddress, all/2)}),
	}
}

// enter takes a place, which leave gives back.
func (a addressRooms) enter(ctx context.Context, addr netip.Addr) (leave func(), err error) {
	leaveAddress, err := a.addresses.Enter(ctx, clientKey(addr), 1)
	if err != nil || addr.Unmap().Is4() {
		return leaveAddress, err
	}
	leaveNetwork, err := a.networks.Enter(ctx, networkOf(addr), 1)
	if err != nil {
		leaveAddress()
		return nil, err
	}
	return func() { leaveNetwork(); leaveAddress() }, nil
}

// networkOf is an IPv4 address, or the /48 of one of IPv6.
func networkOf(addr netip.Addr) string {
	if network := NetworkKey(addr.String()); network != "" {
		return network
	}
	return clientKey(addr)
}

var errTooManyOfAddress = Refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests from your address are under way. Please try again.").
	With("Retry-After", "2").With("X-Retry-After", "2"). // Better Auth's clients read the latter
	With("Connection", "close")                          // what follows is not worth reading

// Bound returns h with no more requests under way at a time of one client that comes
// through a trusted proxy than it could have connections of its own, of so many in all.
// The proxy's connections are everybody's: one client could fill them with requests that
// it sends or reads slowly. 0 is no bound.
func (c *ClientIPs) Bound(all, perAddress int, h HandlerFunc) HandlerFunc {
	if perAddress == 0 || len(c.trusted) == 0 {
		return h
	}
	rooms := newAddressRooms(all, perAddress)
	return func(w http.ResponseWriter, r *http.Request) error {
		addr, err := netip.ParseAddr(c.Of(r))
		if err != nil || !c.FromProxy(r) || c.trusts(addr) { // a proxy that names nobody is many
			return h(w, r)
		}
		leave, err := rooms.enter(r.Context(), addr)
		if err != nil {
			if r.Context().Err() != nil {
				return err
			}
			return errTooManyOfAddress.Because(err)
		}
		defer leave()
		return h(w, r)
	}
}
