package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxRepeats is how many values of one parameter are kept: enough to see that it was
// repeated.
const maxRepeats = 2

// ParseQuery works like url.ParseQuery, but only for known parameters. A URL may have ten
// thousand others, which would take a hundred times its size in memory. For those it only
// checks that they can be read.
func ParseQuery(raw string, known ...string) (url.Values, error) {
	var fault error
	values := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		if strings.Contains(pair, ";") {
			fault = errors.New("an unescaped semicolon")
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(key)
		if err == nil && pair != "" {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			fault = err
		} else if pair != "" && slices.Contains(known, name) && len(values[name]) < maxRepeats {
			values[name] = append(values[name], value)
		}
	}
	return values, fault
}

// QueryValue returns the first value of a parameter of r, or "".
func QueryValue(r *http.Request, name string) string {
	values, _ := ParseQuery(r.URL.RawQuery, name)
	return values.Get(name)
}
