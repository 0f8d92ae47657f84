package inprocess

import (
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// carry returns h as the other end of a connection would read it: canonical
// names, values trimmed and on one line, nothing shared with h. Two spellings
// of one name become one, so that nobody can be shown another header than the
// one that was checked.
//
// What a line cannot hold is an error. lenient does what a server does with its
// answers: it drops impossible names and turns line breaks into spaces.
func carry(h http.Header, lenient bool) (http.Header, error) {
	out := make(http.Header, len(h)+2) // room for Content-Type and Content-Length
	count := 0
	for _, values := range h {
		count += len(values)
	}
	all := make([]string, 0, count) // one array for all values
	add := func(name, canonical string) error {
		first := len(all)
		for _, v := range h[name] {
			v, ok := carryValue(v, lenient)
			if !ok { // the value may be a secret
				return fmt.Errorf("inprocess: impossible value of header %q", name)
			}
			all = append(all, v)
		}
		if first < len(all) {
			out[canonical] = append(out[canonical], all[first:]...)
		}
		return nil
	}
	...
}
