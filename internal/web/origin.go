package web

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxOrigin bounds what the log repeats of an origin, in bytes: a host name has 253
// at most.
const maxOrigin = 300

// NoteOrigin adds to r's log record where a browser says that it comes from, and
// the setting that decides about it: somebody must be able to find out why they are
// refused.
func NoteOrigin(r *http.Request, setting string) {
	header, from := cameFrom(r)
	if len(from) > maxOrigin {
		from = from[:maxOrigin] + "…"
	}
	// Whoever is refused may say anything: line breaks and marks that turn the reading
	// direction would deceive whoever reads the log.
	quoted := strconv.QuoteToASCII(from)
	Note(r, slog.String("refused_origin", quoted[1:len(quoted)-1]), slog.String("from", header), slog.String("setting", setting))
}

// cameFrom returns the header that says where r comes from and what it says, without
// the path of a Referer, which may hold a token.
func cameFrom(r *http.Request) (header, from string) {
	if values := r.Header.Values("Origin"); len(values) > 0 {
		return "Origin", strings.Join(values, ", ")
	}
	values := slices.Clone(r.Header.Values("Referer"))
	if len(values) == 0 {
		return "Sec-Fetch-Site", strings.Join(r.Header.Values("Sec-Fetch-Site"), ", ")
	}
	for i, value := range values {
		if u, err := url.Parse(value); err == nil && u.Host != "" {
			values[i] = u.Scheme + "://" + u.Host
		} else {
			values[i] = "no URL"
		}
	}
	return "Referer", strings.Join(values, ", ")
}

// Loopback says whether a URL's host is this machine alone.
func Loopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") // RFC 6761 §6.3
}
