package web

import (
	"context"
	"math"
	"net/http"
	"net/netip"

	"vestibule/internal/fair"
)

// addressRooms bounds what one address holds at a time: an IPv4 address or an IPv6 /64. A
// /48, which one customer can have, gets half of all places.
type addressRooms struct{ addresses, networks *fair.Room }

func newAddressRooms(all, perAddress int) addressRooms {
	return addressRooms{
		addresses: fair.New(fair.Limits{Places: math.MaxInt, PerKey: perAddress}),
		networks:  fair.New(fair.Limits{Places: math.MaxInt, PerKey: max(perAddress, all/2)}),
	}
}

// enter takes a place. leave gives it back.
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

// networkOf returns an IPv4 address as it is, and the /48 of an IPv6 address.
func networkOf(addr netip.Addr) string {
	if network := NetworkKey(addr.String()); network != "" {
		return network
	}
	return clientKey(addr)
}

var errTooManyOfAddress = Refuse(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests from your address are under way. Please try again.").
	With("Retry-After", "2").With("X-Retry-After", "2"). // Better Auth's clients read X-Retry-After
	With("Connection", "close")                          // do not read the rest of the request

// Bound bounds the requests that one client behind a trusted proxy has under way:
// perAddress of them, out of all. A client without a proxy is held to the same number of
// connections. The connections of a proxy belong to all its clients: one client could fill
// them with requests that it sends or reads slowly. 0 means no bound. All handlers that the
// result wraps share the bound.
func (c *ClientIPs) Bound(all, perAddress int) (wrap func(HandlerFunc) HandlerFunc) {
	if perAddress == 0 || len(c.trusted) == 0 {
		return func(h HandlerFunc) HandlerFunc { return h }
	}
	rooms := newAddressRooms(all, perAddress)
	return func(h HandlerFunc) HandlerFunc { return c.bounded(rooms, h) }
}

func (c *ClientIPs) bounded(rooms addressRooms, h HandlerFunc) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		addr, err := netip.ParseAddr(c.Of(r))
		if err != nil || !c.FromProxy(r) || c.trusts(addr) { // an unnamed client of a proxy stands for many
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
