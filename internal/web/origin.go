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

// maxOrigin bounds what the log repeats of an origin, in bytes. A host name has at most
// 253.
const maxOrigin = 300

// NoteOrigin adds to r's log record the origin that the browser claims, and the setting
// that decides about it. An operator must be able to find out why a request was refused.
func NoteOrigin(r *http.Request, setting string) {
	header, from := cameFrom(r)
	if len(from) > maxOrigin {
		from = from[:maxOrigin] + "…"
	}
	// A refused client may send anything. Line breaks and marks that change the reading
	// direction could deceive the reader of the log.
	quoted := strconv.QuoteToASCII(from)
	Note(r, slog.String("refused_origin", quoted[1:len(quoted)-1]), slog.String("from", header), slog.String("setting", setting))
}

// cameFrom returns the header that names the origin of r, and its value. The path of a
// Referer is left out, because it may hold a token.
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

// Loopback reports whether a URL's host is only this machine.
func Loopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") // RFC 6761 §6.3
}
