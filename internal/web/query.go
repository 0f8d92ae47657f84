package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxRepeats is how many values of one parameter are kept: enough to see that it was
// given more than once.
const maxRepeats = 2

// ParseQuery is url.ParseQuery for those parameters that are known. Of the others,
// which may be ten thousand in one URL and would take a hundred times its size, it
// only says whether they can be read.
func ParseQuery(raw string, known ...string) (url.Values, error) {
	var fault error
	values := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		if strings.Contains(pair, ";") {
			fault = errors.New("a semicolon that is not escaped")
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
