package bff_test

import (
	"net/netip"
	"strings"
	"sync"
	"testing"

	"vestibule/bff"
	"vestibule/internal/storetest"
)

// TestPasswordComputationsAreSharedFairly: strangers have the share of their address. A user
// who has shown a session or a link has a separate share.
func TestPasswordComputationsAreSharedFairly(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	var mu sync.Mutex
	var seen []string
	s.server.WatchHashes(func(user, address, network string) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, strings.Join([]string{user, address, network}, " "))
	})
	const v4, v6 = "203.0.113.9", "2001:db8:1:2:3::4"
	addressAndNetwork := map[string]string{v4: "203.0.113.9 ", v6: "2001:db8:1:2::/64 2001:db8:1::/48"}
	v := s.visitor()
	do := func(user, from, path, body string, status int) {
		t.Helper()
		mu.Lock()
		seen = nil
		mu.Unlock()
		v.want(v.do("POST", "/api/auth/"+path, body, "X-Forwarded-For", from), status, "")
		mu.Lock()
		defer mu.Unlock()
		if len(seen) == 0 {
			t.Errorf("%s computes no password", path)
		}
		for _, got := range seen {
			if want := user + " " + addressAndNetwork[from]; got != want {
				t.Errorf("%s from %s: got the share of %q, want %q", path, from, got, want)
			}
		}
	}
	const ada = `{"email":"ada@example.com","password":"paper-lantern-42"}`
	do("", v6, "sign-up/email", ada, 200)
	id := v.user()["id"].(string)
	do(id, v4, "reset-password", `{"token":"`+v.resetToken("ada@example.com")+`","newPassword":"paper-lantern-42"}`, 200)
	for _, from := range []string{v4, v6} {
		do("", from, "sign-in/email", ada, 200)
		do("", from, "sign-in/email", `{"email":"ada@example.com","password":"wrong horse"}`, 401)
		do("", from, "sign-in/email", `{"email":"nobody@example.com","password":"wrong horse"}`, 401)
		do(id, from, "verify-password", `{"password":"paper-lantern-42"}`, 200)
		do(id, from, "change-password", `{"currentPassword":"paper-lantern-42","newPassword":"paper-lantern-42"}`, 200)
		do(id, from, "delete-user", `{"password":"wrong horse"}`, 400)
	}
}
