package settings

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"vestibule/internal/values"
	"vestibule/internal/web"
)

// origin reads one origin.
func (c *checker) origin(v string) *url.URL {
	u, m := parseOrigin(v)
	if m != nil {
		c.refuse(v, *m)
	}
	return u
}

// origins reads a list of origins.
func (c *checker) origins(v string) []string {
	var origins []string
	for _, entry := range c.list(v) {
		_, m := parseOrigin(entry)
		switch {
		case m != nil:
			c.refuse(entry, *m)
		case slices.Contains(origins, entry):
			c.refuse(entry, mistake{"is listed twice", "list it once"})
		default:
			origins = append(origins, entry)
		}
	}
	return origins
}

// address reads an address to listen on. Port 0 means any free port; tests use it.
func (c *checker) address(v string) string {
	host, port, err := net.SplitHostPort(v)
	switch {
	case strings.Contains(v, "/"):
		c.refuse(v, mistake{"is not an address to listen on", "write host:port, like localhost:3000, without a scheme or path"})
	case err != nil && values.ValidPort(v, 0):
		c.refuse(v, mistake{"is a port without a host", "write localhost:" + v + ", or :" + v + " for every interface"})
	case err != nil:
		c.refuse(v, mistake{"is not host:port", "write it like localhost:3000, [::1]:3000, or :3000 for every interface"})
	case !values.ValidPort(port, 0):
		c.refuse(v, mistake{"has an invalid port", "use a number from 0 to 65535"})
	case strings.ContainsAny(host, " \t@*"):
		c.refuse(v, mistake{"has an invalid host", "write a host name, an address, or :" + port + " for every interface"})
	}
	return v
}

// prefixes reads a list of networks and single addresses.
func (c *checker) prefixes(v string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, entry := range c.list(v) {
		p, m := parsePrefix(entry)
		if m != nil {
			c.refuse(entry, *m)
			continue
		}
		prefixes = append(prefixes, p)
	}
	return prefixes
}

func parsePrefix(s string) (netip.Prefix, *mistake) {
	const form = "write a network like 10.0.0.0/8 or an address like 192.0.2.7"
	p, err := netip.ParsePrefix(s) // no zones
	if ip, addrErr := netip.ParseAddr(s); addrErr == nil && ip.Zone() == "" {
		p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	switch {
	case err != nil:
		return p, &mistake{"is neither a network nor an address", form}
	case p.Addr().Is4In6():
		return p, &mistake{"is an IPv4 address in IPv6 form", "write the IPv4 address"}
	case p.Bits() == 0:
		return p, &mistake{"covers every address, so any client could forge its address", "list only the networks of your proxies"}
	case p.Masked() != p:
		return p, &mistake{"has bits set after the prefix length", fmt.Sprintf("write %s for the network or %s for the address", p.Masked(), p.Addr())}
	}
	return p, nil
}

// backend reads the base URL of the API.
func (c *checker) backend(v string) *url.URL {
	u := c.httpURL(v, "http://localhost:8000")
	if u == nil {
		return nil
	}
	base := strings.TrimSuffix(u.Path, "/")
	switch {
	case u.RawQuery != "" || u.ForceQuery:
		c.refuse(v, mistake{"has a query, which proxied requests cannot keep", "remove it"})
	case u.RawPath != "", base == "/", base != "" && path.Clean(base) != base:
		c.refuse(v, mistake{"has a path with escapes, dots or empty parts", "write a plain base path, like http://localhost:8000/base"})
	}
	u.Path = base
	return u
}

// jwksURL reads JWKS_URL, the address of the BFF's keys.
func (c *checker) jwksURL(v string) string {
	if _, m := parseKeysURL(v, "http://localhost:3000/api/auth/jwks"); m != nil {
		c.refuse(v, *m)
	}
	return v
}

// parseKeysURL accepts an address of keys with https, or with http on this machine. An
// attacker who can change the response on the network could replace the keys and mint
// tokens.
func parseKeysURL(v, example string) (*url.URL, *mistake) {
	u, m := parseHTTPURL(v, example)
	if m == nil && u.Scheme == "http" && !web.Loopback(u.Hostname()) {
		m = &keysInClear
	}
	return u, m
}

var keysInClear = mistake{"is not https: somebody on the network could replace the keys with their own", "use https, or http to a loopback host"}

// httpURL reads an http or https URL.
func (c *checker) httpURL(v, example string) *url.URL {
	u, m := parseHTTPURL(v, example)
	if m != nil {
		c.refuse(v, *m)
	}
	return u
}

func parseHTTPURL(v, example string) (*url.URL, *mistake) {
	u, m := values.HTTPURL(v, example)
	return u, own(m)
}
