package frontend

import (
	"strconv"
	"strings"
)

// weight is one entry of a header like Accept-Encoding.
type weight struct {
	name string // in lower case, without parameters
	q    float64
}

// maxWeights bounds the entries that are read. A request header has room for thousands, and
// no browser sends more than a dozen.
const maxWeights = 50

// parseWeights reads the lines of a header with q-values (RFC 9110 §12.4.2). An entry whose
// q is not a number from 0 to 1 counts as refused.
func parseWeights(lines []string) []weight {
	var all []weight
	for _, line := range lines {
		for entry := range strings.SplitSeq(line, ",") {
			if len(all) == maxWeights {
				return all
			}
			name, parameters, _ := strings.Cut(entry, ";")
			w := weight{strings.ToLower(strings.TrimSpace(name)), 1}
			for p := range strings.SplitSeq(parameters, ";") {
				key, value, _ := strings.Cut(p, "=")
				if !strings.EqualFold(strings.TrimSpace(key), "q") {
					continue
				}
				q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				if err != nil || !(q >= 0 && q <= 1) {
					q = 0
				}
				w.q = q
			}
			if w.name != "" {
				all = append(all, w)
			}
		}
	}
	return all
}

// coding is a content coding in which a file can be sent.
type coding struct {
	name   string // for Content-Encoding; "" is the uncompressed file
	suffix string // of the compressed file that a build puts next to the original
}

// codings are the supported codings, the one with the smallest answers first.
var codings = []coding{{"br", ".br"}, {"gzip", ".gz"}, {}}

// accepted returns the codings that a client accepts, in the client's order of preference;
// among equals, our order decides. A coding that the client likes less than the
// uncompressed file is left out. The uncompressed file comes last, even if the client
// refuses it: it is better than no answer (RFC 9110 §12.5.3).
func accepted(lines []string) []coding {
	weights := parseWeights(lines)
	q := func(name string) float64 {
		others := 0.0
		for _, w := range weights {
			switch {
			case w.name == name, name == "gzip" && w.name == "x-gzip":
				return w.q
			case w.name == "*":
				others = w.q
			}
		}
		return others
	}
	var best []coding
	plain := q("identity")
	for _, c := range codings[:len(codings)-1] {
		if own := q(c.name); own > 0 && own >= plain {
			best = append(best, c)
		}
	}
	if len(best) == 2 && q(best[1].name) > q(best[0].name) {
		best[0], best[1] = best[1], best[0]
	}
	return append(best, coding{})
}
