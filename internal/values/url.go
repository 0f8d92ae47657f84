package values

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// HTTPURL reads an http or https URL without a user and a fragment. example is a valid one,
// for the cure.
func HTTPURL(v, example string) (*url.URL, *Mistake) {
	form := "write it like " + example
	u, err := url.Parse(v)
	switch {
	case err != nil || strings.ContainsAny(v, " \t\r\n"):
		return nil, &Mistake{"is not a URL", form}
	case u.Scheme != "http" && u.Scheme != "https", u.Opaque != "":
		return nil, &Mistake{"does not start with http:// or https://", form}
	case u.User != nil:
		return nil, &Mistake{"has a user name or password, which is not supported", "remove the part before the @, and the @"}
	case u.Hostname() == "":
		return nil, &Mistake{"has no host", form}
	case strings.HasSuffix(u.Host, ":"), u.Port() != "" && !ValidPort(u.Port(), 1):
		return nil, &Mistake{"has an invalid port", "use a port from 1 to 65535"}
	case strings.Contains(v, "#"):
		return nil, &Mistake{"has a fragment", "remove the # and what follows it"}
	}
	return u, nil
}

// ValidPort reports whether port is a number from least to 65535 without leading zeros.
func ValidPort(port string, least uint64) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n >= least && strconv.FormatUint(n, 10) == port
}

// CheckHost accepts a host name or address in the form that browsers send.
func CheckHost(host string) *Mistake {
	if strings.Contains(host, ":") {
		ip, err := netip.ParseAddr(host)
		switch {
		case err != nil || ip.Zone() != "" || ip.Is4In6():
			return &Mistake{"has an invalid IPv6 address", "write it like [::1], without a zone"}
		case ip.String() != host:
			return &Mistake{"has an IPv6 address in a form that browsers do not send", "write it as [" + ip.String() + "]"}
		}
		return nil
	}
	if strings.HasSuffix(host, ".") {
		return &Mistake{"has a dot at the end of its host", "remove the dot"}
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
			return &Mistake{"has an invalid IPv4 address", "write it like 127.0.0.1"}
		}
	}
	return nil
}

func checkLabel(label string) *Mistake {
	if label == "" || len(label) > 63 {
		return &Mistake{"has a host with an empty part, or a part of more than 63 characters", "check the dots in the host"}
	}
	for _, c := range []byte(label) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		case c >= 0x80:
			return &Mistake{"has a host with letters outside ASCII", "write the host in its xn-- form, as browsers send it"}
		default:
			return &Mistake{"has a character that is not allowed in a host name", "use letters, digits, dots and hyphens"}
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

// Port returns the port of an http or https URL, also if it is the usual one and left out.
func Port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}
