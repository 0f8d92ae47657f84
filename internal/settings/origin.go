package settings

import (
	"net/netip"
	"net/url"
	"strings"
)

// parseOrigin accepts an origin, scheme://host[:port], only in the exact form that
// browsers send (WHATWG HTML, "serialization of an origin"). Origins are compared byte
// by byte, so any other spelling would never match.
func parseOrigin(s string) (*url.URL, *mistake) {
	const form = "write it like https://app.example.com or http://localhost:5173"
	if m := notAnOrigin(s); m != nil {
		return nil, m
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || strings.ContainsAny(s, " \t\r\n"):
		return nil, &mistake{"is not a URL", form}
	case u.Scheme != "http" && u.Scheme != "https", u.Opaque != "":
		return nil, &mistake{"does not start with http:// or https://", form}
	case u.User != nil:
		return nil, &mistake{"has a user name", form}
	case u.Hostname() == "":
		return nil, &mistake{"has no host", form}
	}
	if m := checkHost(u.Hostname()); m != nil {
		return nil, m
	}
	if m := checkPort(u); m != nil {
		return nil, m
	}
	origin := u.Scheme + "://" + strings.ToLower(u.Host)
	switch {
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		return nil, &mistake{"has more than scheme, host and port", "write " + origin}
	case s != origin:
		return nil, &mistake{"has upper-case letters, which browsers never send", "write " + origin}
	}
	return u, nil
}

// notAnOrigin refuses common wrong values with an explanation.
func notAnOrigin(s string) *mistake {
	switch {
	case s == "*":
		return &mistake{"would let every site act as the signed-in user", "list each origin, like https://app.example.com"}
	case strings.Contains(s, "*"):
		return &mistake{"has a wildcard, which would also trust hosts that you do not control", "list each origin, like https://app.example.com"}
	case s == "null":
		return &mistake{"is the origin that every sandboxed page and local file sends", "list the origin that serves the page"}
	}
	return nil
}

func checkPort(u *url.URL) *mistake {
	port := u.Port()
	bare := u.Scheme + "://" + strings.TrimSuffix(u.Host, ":"+port)
	switch {
	case port == "" && strings.HasSuffix(u.Host, ":"):
		return &mistake{"has a colon without a port", "write " + bare}
	case port == "":
		return nil
	case u.Scheme == "http" && port == "80", u.Scheme == "https" && port == "443":
		return &mistake{"has the default port, which browsers never send", "write " + bare}
	}
	if !validPort(port, 1) {
		return &mistake{"has an invalid port", "use a port from 1 to 65535, without leading zeros"}
	}
	return nil
}

// checkHost accepts a host name or address in the form that browsers send.
func checkHost(host string) *mistake {
	if strings.Contains(host, ":") {
		ip, err := netip.ParseAddr(host)
		switch {
		case err != nil || ip.Zone() != "" || ip.Is4In6():
			return &mistake{"has an invalid IPv6 address", "write it like [::1], without a zone"}
		case ip.String() != host:
			return &mistake{"has an IPv6 address in a form that browsers do not send", "write it as [" + ip.String() + "]"}
		}
		return nil
	}
	if strings.HasSuffix(host, ".") {
		return &mistake{"has a dot at the end of its host", "remove the dot"}
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if m := checkLabel(label); m != nil {
			return m
		}
	}
	// Browsers read any host that ends in a number as an IPv4 address.
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' && isNumber(last) {
		if ip, err := netip.ParseAddr(host); err != nil || ip.String() != host {
			return &mistake{"has an invalid IPv4 address", "write it like 127.0.0.1"}
		}
	}
	return nil
}

func checkLabel(label string) *mistake {
	if label == "" || len(label) > 63 {
		return &mistake{"has a host with an empty part, or a part of more than 63 characters", "check the dots in the host"}
	}
	for _, c := range []byte(label) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		case c >= 0x80:
			return &mistake{"has a host with letters outside ASCII", "write the host in its xn-- form, as browsers send it"}
		default:
			return &mistake{"has a character that is not allowed in a host name", "use letters, digits, dots and hyphens"}
		}
	}
	return nil
}

func isNumber(label string) bool {
	hex, isHex := strings.CutPrefix(strings.ToLower(label), "0x")
	if isHex {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}
