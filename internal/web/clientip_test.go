package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestTheClientIsTheFirstAddressFromTheRightThatIsNoTrustedProxy(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("2001:db8::1/32"),        // with host bits
		netip.MustParsePrefix("::ffff:172.16.0.0/108"), // 172.16.0.0/12
	}
	tests := map[string]struct {
		trusted []netip.Prefix
		remote  string
		forward []string
		want    string
	}{
		"nobody is trusted":               {nil, "10.0.0.1:5", []string{"203.0.113.9"}, "10.0.0.1"},
		"no header":                       {trusted, "10.0.0.1:5", nil, "10.0.0.1"},
		"a stranger's header":             {trusted, "198.51.100.7:5", []string{"203.0.113.9"}, "198.51.100.7"},
		"a proxy's header":                {trusted, "10.0.0.1:5", []string{"203.0.113.9"}, "203.0.113.9"},
		"two proxies":                     {trusted, "10.0.0.1:5", []string{"203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		"two lines":                       {trusted, "10.0.0.1:5", []string{"203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		"two lines, the left one spoofed": {trusted, "10.0.0.1:5", []string{"192.0.2.66", "203.0.113.9,10.0.0.2"}, "203.0.113.9"},
		"a spoofed left entry":            {trusted, "10.0.0.1:5", []string{"192.0.2.66, 203.0.113.9"}, "203.0.113.9"},
		"a spoofed proxy on the left":     {trusted, "10.0.0.1:5", []string{"10.0.0.9, 203.0.113.9"}, "203.0.113.9"},
		"all trusted":                     {trusted, "10.0.0.1:5", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.1"},
		"with a port":                     {trusted, "10.0.0.1:5", []string{"203.0.113.9:1234"}, "203.0.113.9"},
		"IPv6":                            {trusted, "10.0.0.1:5", []string{"2001:DB9:0::7"}, "2001:db9::7"},
		"IPv6 with a port":                {trusted, "10.0.0.1:5", []string{"[2001:db9::7]:1234"}, "2001:db9::7"},
		"IPv6 with a zone":                {trusted, "10.0.0.1:5", []string{"fe80::7%eth0"}, "fe80::7"},
		"IPv4 mapped":                     {trusted, "10.0.0.1:5", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"an IPv4-mapped proxy":            {trusted, "10.0.0.1:5", []string{"203.0.113.9, ::ffff:10.0.0.2"}, "203.0.113.9"},
		"an IPv4-mapped peer":             {trusted, "[::ffff:10.0.0.1]:5", []string{"203.0.113.9"}, "203.0.113.9"},
		"a proxy of an IPv4-mapped range": {trusted, "172.31.0.1:5", []string{"203.0.113.9, 172.20.0.1"}, "203.0.113.9"},
		"an IPv6 proxy":                   {trusted, "[2001:db8::5]:5", []string{"203.0.113.9"}, "203.0.113.9"},
		"a peer with a zone":              {trusted, "[fe80::1%eth0]:5", nil, "fe80::1"},
		"garbage":                         {trusted, "10.0.0.1:5", []string{"garbage"}, "10.0.0.1"},
		"garbage right of an address":     {trusted, "10.0.0.1:5", []string{"203.0.113.9, garbage"}, "10.0.0.1"},
		"garbage left of an address":      {trusted, "10.0.0.1:5", []string{"garbage, 203.0.113.9"}, "203.0.113.9"},
		"an empty entry":                  {trusted, "10.0.0.1:5", []string{"203.0.113.9, "}, "10.0.0.1"},
		"leading zeros":                   {trusted, "10.0.0.1:5", []string{"010.0.0.1"}, "10.0.0.1"},
		"a line break":                    {trusted, "10.0.0.1:5", []string{"203.0.113.9\n1"}, "10.0.0.1"},
		"many proxies in one line":        {trusted, "10.0.0.1:5", []string{"203.0.113.9" + strings.Repeat(", 10.0.0.2", maxProxies-1)}, "203.0.113.9"},
		"many proxies in many lines":      {trusted, "10.0.0.1:5", append([]string{"192.0.2.66, 203.0.113.9"}, slices.Repeat([]string{"10.0.0.2"}, maxProxies-1)...), "203.0.113.9"},
		"more proxies than are looked at": {trusted, "10.0.0.1:5", []string{"203.0.113.9" + strings.Repeat(", 10.0.0.2", maxProxies)}, "10.0.0.1"},
		"a comma at the start":            {trusted, "10.0.0.1:5", []string{",203.0.113.9"}, "203.0.113.9"},
		"an empty line":                   {trusted, "10.0.0.1:5", []string{"203.0.113.9", ""}, "10.0.0.1"},
		"a Unix socket":                   {trusted, "@", []string{"203.0.113.9"}, ""},
		"no peer":                         {trusted, "", []string{"203.0.113.9"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := NewClientIPs(tt.trusted)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.remote
			r.Header["X-Forwarded-For"] = tt.forward
			if got := c.Of(r); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestTheAddressesOfALongHeaderAreNotRead: a client may have sent thousands.
func TestTheAddressesOfALongHeaderAreNotRead(t *testing.T) {
	c, err := NewClientIPs([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:5"
	r.Header.Set("X-Forwarded-For", strings.Repeat("10.0.0.1,", 3000)+"203.0.113.9")
	got := ""
	if bytes := allocated(func() { got = c.Of(r) }); bytes > 16<<10 || got != "203.0.113.9" {
		t.Errorf("got %q, with %d bytes allocated for a header of 27 000", got, bytes)
	}
}

// TestAClientIsItsNetwork: one IPv6 customer has a /64, and can have a /48.
func TestAClientIsItsNetwork(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string][2]string{
		"192.0.2.1":           {"192.0.2.1", ""},
		"::ffff:192.0.2.1":    {"192.0.2.1", ""},
		"2001:db8:1:2:3::4":   {"2001:db8:1:2::/64", "2001:db8:1::/48"},
		"2001:db8:1:2:ffff::": {"2001:db8:1:2::/64", "2001:db8:1::/48"},
		"fe80::1%eth0":        {"fe80::/64", "fe80::/48"},
		"":                    {"unknown", ""},
		"unknown":             {"unknown", ""},
	} {
		if got := [2]string{ClientKey(ip), NetworkKey(ip)}; got != want {
			t.Errorf("%s: got %q, want %q", ip, got, want)
		}
	}
}

func TestWithoutClientIPsThePeerIsTheClient(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	var none *ClientIPs
	if got := none.Of(r); got != "192.0.2.1" {
		t.Errorf("got %q, want the peer 192.0.2.1", got)
	}
}

// TestTheClientIsFoundOnceForARequest: many layers ask for it.
func TestTheClientIsFoundOnceForARequest(t *testing.T) {
	proxied, err := NewClientIPs([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewClientIPs(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:5"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	h := RequestLog{Log: slog.New(slog.DiscardHandler), Clients: proxied}.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := proxied.Of(r); got != "203.0.113.9" || !proxied.FromProxy(r) {
			t.Errorf("got %q, from a proxy %t", got, proxied.FromProxy(r))
		}
		if n := testing.AllocsPerRun(5, func() { proxied.Of(r) }); n != 0 {
			t.Errorf("got %v allocations to ask again, want none", n)
		}
		if got := other.Of(r); got != "10.0.0.1" || other.FromProxy(r) {
			t.Errorf("one that trusts nobody: got %q, from a proxy %t", got, other.FromProxy(r))
		}
	}))
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func FuzzClientKey(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1%eth0", "", "x", "1.2.3", "::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ip string) {
		got := ClientKey(ip)
		if got == "" || len(got) > 43 || ClientKey(strings.TrimSuffix(got, "/64")) != got && got != "unknown" {
			t.Errorf("%q became %q", ip, got)
		}
	})
}

func TestClientKey(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"::ffff:192.0.2.1":     "192.0.2.1",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::1%eth0": "2001:db8:1:2::/64",
		"":                     "unknown",
		"who":                  "unknown",
	} {
		if got := ClientKey(ip); got != want {
			t.Errorf("%q: got %q, want %q", ip, got, want)
		}
	}
}
