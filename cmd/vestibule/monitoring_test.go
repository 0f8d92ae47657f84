package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vestibule/internal/metricstest"
	"vestibule/internal/quicktest"
	"vestibule/internal/settings"
	"vestibule/internal/storetest"
	"vestibule/internal/waittest"
)

// ofPrometheus are labels that Prometheus adds, and the one of histograms.
var ofPrometheus = []string{"job", "instance", "le"}

// shown are the labels of the metrics of a running product, by name, and all their values.
type shown struct {
	labels map[string][]string
	values map[string]bool // name, label and value, with spaces between them
}

// showAll starts a product that has all metrics, and uses it.
func showAll(t *testing.T) shown {
	t.Helper()
	i := start(t, "serve", with(testEnv(t), settings.Environment{
		"DATABASE_URL": storetest.PostgresURL(t), "BETTER_AUTH_SECRET": goodSecret, "JWT_ALGORITHM": "EdDSA",
		"OTEL_EXPORTER_OTLP_ENDPOINT": startCollector(t).url,
	}))
	useTasks(t, i.log.url("bff"))
	s := shown{map[string][]string{}, map[string]bool{}}
	waittest.Until(t, "a heartbeat has arrived", func() bool { return strings.Contains(scrape(t, i), "\nvestibule_notifications_up 1") })
	for series := range metricstest.Parse(t, scrape(t, i)) {
		name, labels := metricstest.Split(series)
		if s.labels[name] == nil {
			s.labels[name] = []string{}
		}
		for label, value := range labels {
			s.values[name+" "+label+" "+value] = true
			if !slices.Contains(s.labels[name], label) {
				s.labels[name] = append(s.labels[name], label)
			}
		}
	}
	return s
}

func TestMonitoring(t *testing.T) {
	t.Parallel()
	quicktest.Skip(t, "PostgreSQL and Prometheus' modules")
	s := showAll(t)
	t.Run("the page lists every metric with its labels", func(t *testing.T) { s.matchPage(t) })
	t.Run("every metric and label that a rule or a panel names exists", func(t *testing.T) {
		for _, q := range queries(t) {
			for _, fault := range s.faults(q) {
				t.Errorf("%s: %s", q.Where, fault)
			}
		}
	})
	t.Run("a wrong name is noticed", func(t *testing.T) {
		for _, wrong := range []query{
			{Selected: []selected{{Metric: "vestibule_session_live"}}},
			{Selected: []selected{{Metric: "vestibule_places", Labels: map[string]string{"name": ""}}}},
			{Selected: []selected{{Metric: "vestibule_places", Labels: map[string]string{"room": "conections"}}}},
			{Selected: []selected{{Metric: "vestibule_places"}}, Grouped: []string{"rom"}},
		} {
			if len(s.faults(wrong)) != 1 {
				t.Errorf("%v: got %q, want one fault", wrong, s.faults(wrong))
			}
		}
	})
}

// matchPage compares the table of docs/monitoring/README.md with what is shown.
func (s shown) matchPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/monitoring/README.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(vestibule_\\w+)` \\| ([^|]*?) ?\\|").FindAllStringSubmatch(string(page), -1) {
		documented[row[1]] = strings.Join(slices.Sorted(slices.Values(regexp.MustCompile(`\w+`).FindAllString(row[2], -1))), " ")
	}
	got := map[string]string{}
	for name, labels := range s.labels {
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, part)
		}
		labels = slices.DeleteFunc(slices.Sorted(slices.Values(labels)), func(l string) bool { return l == "le" })
		if strings.HasPrefix(name, "vestibule_") {
			got[name] = strings.Join(labels, " ")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if labels, ok := documented[name]; !ok || labels != got[name] {
			t.Errorf("the page says that %s has the labels %q (%t), and it has %q", name, labels, ok, got[name])
		}
	}
	for name := range documented {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is documented and does not exist", name)
		}
	}
}

// query and selected are what internal/promcheck prints.
type query struct {
	Where    string
	Selected []selected
	Grouped  []string
}

type selected struct {
	Metric string
	Labels map[string]string
}

// queries reads the rules and the dashboard with Prometheus' own packages.
func queries(t *testing.T) (found []query) {
	t.Helper()
	docs, err := filepath.Abs("../../docs/monitoring")
	if err != nil {
		t.Fatal(err)
	}
	check := exec.CommandContext(t.Context(), "go", "run", ".", filepath.Join(docs, "alerts.yml"), filepath.Join(docs, "dashboard.json"))
	check.Dir, check.Env = "../../internal/promcheck", append(os.Environ(), "GOFLAGS=")
	var faults bytes.Buffer
	check.Stderr = &faults
	out, err := check.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &faults)
	}
	for line := range strings.Lines(string(out)) {
		var q query
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		found = append(found, q)
	}
	if len(found) < 50 {
		t.Errorf("got %d queries, want all of the rules and the dashboard", len(found))
	}
	return found
}

// open are labels whose values appear only when they are used.
var open = []string{"status", "outcome", "result", "operation", "route", "method", "surface"}

// faults returns what a query names that does not exist.
func (s shown) faults(q query) (faults []string) {
	exists := slices.Clone(ofPrometheus)
	for _, one := range q.Selected {
		if one.Metric == "up" {
			continue
		}
		labels, ok := s.labels[one.Metric]
		if !ok {
			faults = append(faults, "there is no "+one.Metric)
			continue
		}
		exists = append(exists, labels...)
		for label, value := range one.Labels {
			switch {
			case slices.Contains(ofPrometheus, label):
			case !slices.Contains(labels, label):
				faults = append(faults, one.Metric+" has no label "+label)
			case value != "" && !slices.Contains(open, label) && !s.values[one.Metric+" "+label+" "+value]:
				faults = append(faults, one.Metric+" has no "+label+" "+value)
			}
		}
	}
	for _, label := range q.Grouped {
		if !slices.Contains(exists, label) {
			faults = append(faults, "none of its metrics has the label "+label)
		}
	}
	return faults
}

// TestMetricsAreNotPublic: the addresses for browsers and callers do not show them.
func TestMetricsAreNotPublic(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", testEnv(t))
	for _, surface := range []string{"bff", "api"} {
		if code, body := request(t, http.DefaultClient, http.MethodGet, i.log.url(surface)+"/metrics", ""); code != http.StatusNotFound || strings.Contains(body, "vestibule_") {
			t.Errorf("%s: got %d %s, want 404", surface, code, body)
		}
	}
}
