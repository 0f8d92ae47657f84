package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// scrape returns the metrics of the program.
func scrape(t *testing.T, i *instance) string {
	t.Helper()
	res, err := http.Get(i.log.url("admin") + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("got %s, %v", res.Status, err)
	}
	return string(text)
}

// samples returns how many of the program's own samples there are, without those that only
// appear with the first call of an operation.
func samples(text string) (n int) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "vestibule_http_") {
			n++
		}
	}
	return n
}

// TestMetricsFollowTheConventions of Prometheus in names, units and help.
func TestMetricsFollowTheConventions(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", testEnv(t))
	scrape(t, i) // so that there is a request
	problems, err := promlint.New(bytes.NewReader([]byte(scrape(t, i)))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "vestibule_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestMetricsHaveNoLabelsOfClients: paths, methods and headers that somebody makes up add no
// series.
func TestMetricsHaveNoLabelsOfClients(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", testEnv(t))
	ask := func(n int) {
		t.Helper()
		for range n {
			word := fmt.Sprintf("x%d", rand.Uint64())
			for _, surface := range []string{"bff", "api", "admin"} {
				for _, path := range []string{"/", "/api/", "/api/auth/", "/api/auth/reset-password/", "/api/auth/link/", "/api/proxy/", "/api/proxy/me/tasks/"} {
					r, err := http.NewRequest(http.MethodGet, i.log.url(surface)+path+word+"?"+word, nil)
					if err != nil {
						t.Fatal(err)
					}
					if path == "/" {
						r.Method = strings.ToUpper(word)
					}
					res, err := http.DefaultClient.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					_ = res.Body.Close()
				}
			}
		}
	}
	ask(1)
	scrape(t, i)
	before := scrape(t, i)
	ask(50)
	after := scrape(t, i)
	if got, want := samples(after), samples(before); got != want || want == 0 {
		t.Errorf("got %d series, want %d:\n%s", got, want, after)
	}
	for _, want := range []string{
		`vestibule_http_requests_total{method="other",route="none",status="4xx",surface="bff"} `,
		`vestibule_http_requests_total{method="GET",route="/api/proxy/",status="4xx",surface="bff"} `,
		`vestibule_http_requests_total{method="GET",route="/api/auth/reset-password/{token}",status="4xx",surface="bff"} `,
		`vestibule_places_taken{room="requests",surface="bff"} `, `vestibule_build_info{`, `vestibule_schema_version{of="database"} `,
		`vestibule_database_calls_total{operation=`, `go_sql_max_open_connections{db_name="read"} `, `process_open_fds `,
	} {
		if !strings.Contains(after, want) {
			t.Errorf("there is no %s", want)
		}
	}
}
