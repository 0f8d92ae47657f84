// Package values reads single values: sizes, durations, URLs, hosts and the text of claims.
// The settings and the routes of the proxy have them in common.
package values

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Mistake describes a wrong value.
type Mistake struct {
	Problem string // continues a sentence that starts with the value
	Cure    string
}

// Duration reads a duration within bounds.
func Duration(v string, shortest, longest time.Duration) (time.Duration, *Mistake) {
	d, err := time.ParseDuration(v)
	switch {
	case err != nil:
		return 0, &Mistake{"is not a duration", "write a number with a unit, like 168h, 5m or 30s"}
	case d < shortest:
		return 0, &Mistake{"is too short", "use at least " + ShortDuration(shortest)}
	case d > longest:
		return 0, &Mistake{"is too long", "use at most " + ShortDuration(longest)}
	}
	return d, nil
}

// ShortDuration writes 1h where time.Duration writes 1h0m0s.
func ShortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// units lists the units of Size, in bytes. K and M alone are not allowed, because they can
// mean 1000 or 1024.
var units = []struct {
	suffix string
	bytes  int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"B", 1}, {"", 1}, // the other suffixes end in B too, so these come last
}

// Size reads a number of bytes with an optional unit.
func Size(v string) (int64, *Mistake) {
	for _, unit := range units {
		digits, ok := strings.CutSuffix(v, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		switch {
		case err != nil:
			return 0, &Mistake{"is not a size", "write bytes, or a number with KiB, MiB, GiB, KB, MB or GB, like 10MiB; 0 means no limit"}
		case int64(n) > math.MaxInt64/unit.bytes:
			return 0, &Mistake{"is too large", "use 0 for no limit"}
		}
		return int64(n) * unit.bytes, nil
	}
	panic("unreachable: every string ends in the empty suffix")
}

// ShortSize writes a number of bytes with the largest unit of which it is a whole number.
func ShortSize(bytes int64) string {
	for _, unit := range []struct {
		suffix string
		bytes  int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if bytes >= unit.bytes && bytes%unit.bytes == 0 {
			return fmt.Sprintf("%d%s", bytes/unit.bytes, unit.suffix)
		}
	}
	return fmt.Sprintf("%dB", bytes)
}

// CheckText checks the text of a claim. White space at the ends and control characters are
// refused, because two configurations could then differ without anybody seeing it.
func CheckText(v string) *Mistake {
	switch {
	case len(v) > 255:
		return &Mistake{"is too long", "use at most 255 bytes"}
	case v != strings.TrimSpace(v):
		return &Mistake{"starts or ends with white space", "remove it"}
	case strings.ContainsFunc(v, unicode.IsControl):
		return &Mistake{"contains a control character", "remove it"}
	}
	return nil
}

// IsToken reports whether s is a token of RFC 9110 §5.6.2, the syntax of the names of headers
// and directives.
func IsToken(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}
