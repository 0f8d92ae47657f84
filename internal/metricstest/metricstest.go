// Package metricstest reads metrics, for tests.
package metricstest

import (
	"maps"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Of returns the samples of a registry by their series, as in a scrape: name{label="value"}.
func Of(t testing.TB, r prometheus.Gatherer) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	return Parse(t, w.Body.String())
}

// Parse returns the samples of a scrape by their series.
func Parse(t testing.TB, scrape string) map[string]float64 {
	t.Helper()
	samples := map[string]float64{}
	for line := range strings.Lines(scrape) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		end := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[end+1:], 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		samples[line[:end]] = value
	}
	return samples
}

var label = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)

// Split returns the name and the labels of a series.
func Split(series string) (name string, labels map[string]string) {
	name, rest, _ := strings.Cut(series, "{")
	labels = map[string]string{}
	for _, m := range label.FindAllStringSubmatch(rest, -1) {
		labels[m[1]] = m[2]
	}
	return name, labels
}

// Want fails unless exactly these series of their metrics have increased, by so much.
func Want(t testing.TB, before, after, want map[string]float64) {
	t.Helper()
	names := map[string]bool{}
	for series := range want {
		name, _ := Split(series)
		names[name] = true
	}
	got := map[string]float64{}
	for series, value := range after {
		name, _ := Split(series)
		if d := value - before[series]; names[name] && d != 0 {
			got[series] = d
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("got these increases: %v, want %v", got, want)
	}
}
