package settings

import (
	"net/url"
	"strconv"
	"strings"

	"vestibule/internal/tracing"
)

// traceValues are what settings.Tracing.Endpoint depends on.
type traceValues struct {
	base, exact           *url.URL          // of the collector; nil: not set
	headers, exactHeaders map[string]string // nil: not set
	protocol              string
	disabled, none        bool
}

// collectorURL reads the URL of a collector.
func (c *checker) collectorURL(v string) *url.URL {
	u := c.httpURL(v, "http://localhost:4318")
	if u != nil && (u.RawQuery != "" || u.ForceQuery) {
		c.refuse(v, mistake{"has a query, which the collector does not get", "remove it"})
	}
	return u
}

// pairs reads a list of NAME=VALUE with percent-encoded values.
func (c *checker) pairs(v string, isName func(string) bool) map[string]string {
	pairs := map[string]string{}
	for _, entry := range c.list(v) {
		name, escaped, found := strings.Cut(entry, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(escaped))
		if !found || err != nil || name == "" || !isName(name) || checkText(value) != nil {
			c.refuse(entry, mistake{"is not a list of NAME=VALUE", "write it like name=value,other=value, and other characters as %20"})
			return nil
		}
		pairs[name] = value
	}
	return pairs
}

func isToken(name string) bool { return strings.Trim(name, tokenChars) == "" }

// ratio reads a number from 0 to 1.
func (c *checker) ratio(v string) float64 {
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || !(0 <= n && n <= 1) { // also not NaN
		c.refuse(v, mistake{"is not a number from 0 to 1", "write it like 0.1"})
	}
	return n
}

func samplers() []choice[string] {
	var choices []choice[string]
	for _, name := range tracing.Samplers() {
		choices = append(choices, choice[string]{name, name})
	}
	return choices
}

// collect decides where traces go.
func (c *checker) collect() {
	if c.traces.disabled || c.traces.none || !c.valid("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL") {
		return
	}
	switch {
	case c.traces.exact != nil:
		c.Tracing.Endpoint = c.traces.exact.String()
	case c.traces.base != nil:
		c.Tracing.Endpoint = c.traces.base.JoinPath("v1/traces").String()
	}
	c.Tracing.Headers = c.traces.headers
	if c.traces.exactHeaders != nil {
		c.Tracing.Headers = c.traces.exactHeaders
	}
	if c.Tracing.Endpoint != "" { // otherwise the variables are for other programs
		c.sdkVariables()
	}
}
