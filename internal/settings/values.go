package settings

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// ParseDuration reads a duration within bounds. Its error continues a sentence that
// starts with the value.
func ParseDuration(v string, shortest, longest time.Duration) (time.Duration, error) {
	d, m := parseDuration(v, shortest, longest)
	if m != nil {
		return 0, errors.New(m.problem + "; " + m.cure)
	}
	return d, nil
}

func parseDuration(v string, shortest, longest time.Duration) (time.Duration, *mistake) {
	d, err := time.ParseDuration(v)
	switch {
	case err != nil:
		return 0, &mistake{"is not a duration", "write a number with a unit, like 168h, 5m or 30s"}
	case d < shortest:
		return 0, &mistake{"is too short", "use at least " + shortDuration(shortest)}
	case d > longest:
		return 0, &mistake{"is too long", "use at most " + shortDuration(longest)}
	}
	return d, nil
}

// shortDuration writes 1h where time.Duration writes 1h0m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func parseNumber(v string, least, most int) (int, *mistake) {
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, &mistake{"is out of range", fmt.Sprintf("use a whole number from %d to %d", least, most)}
	}
	return n, nil
}

// units lists the units of parseSize, in bytes. K and M alone are not allowed, because
// they can mean 1000 or 1024.
var units = []struct {
	suffix string
	bytes  int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"B", 1}, {"", 1}, // the other suffixes end in B too, so these come last
}

// parseSize reads a number of bytes with an optional unit.
func parseSize(v string) (int64, *mistake) {
	for _, unit := range units {
		digits, ok := strings.CutSuffix(v, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		switch {
		case err != nil:
			return 0, &mistake{"is not a size", "write bytes, or a number with KiB, MiB, GiB, KB, MB or GB, like 10MiB; 0 means no limit"}
		case int64(n) > math.MaxInt64/unit.bytes:
			return 0, &mistake{"is too large", "use 0 for no limit"}
		}
		return int64(n) * unit.bytes, nil
	}
	panic("unreachable: every string ends in the empty suffix")
}

// checkText checks the text of a claim. White space at the ends and control characters
// are refused, because two configurations could then differ without anybody seeing it.
func checkText(v string) *mistake {
	switch {
	case len(v) > 255:
		return &mistake{"is too long", "use at most 255 bytes"}
	case v != strings.TrimSpace(v):
		return &mistake{"starts or ends with white space", "remove it"}
	case strings.ContainsFunc(v, unicode.IsControl):
		return &mistake{"contains a control character", "remove it"}
	}
	return nil
}
