package settings

import (
	"errors"
	"net/url"
	"strings"

	"vestibule/internal/values"
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
	if m := values.CheckHost(u.Hostname()); m != nil {
		return nil, own(m)
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

// ParseOrigin reads an origin, scheme://host[:port], as the settings do. Its error does not repeat
// a user name, password, path or query.
func ParseOrigin(s string) (*url.URL, error) {
	u, m := parseOrigin(s)
	if m != nil {
		return nil, errors.New(m.problem + ": " + m.cure)
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
	if !values.ValidPort(port, 1) {
		return &mistake{"has an invalid port", "use a port from 1 to 65535, without leading zeros"}
	}
	return nil
}
