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

	"vestibule/internal/metricstest"
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

// series returns how many series of its own the program shows, without those that only appear
// with the first call of an operation of the database.
func series(t *testing.T, text string) (n int) {
	t.Helper()
	for s := range metricstest.Parse(t, text) {
		if strings.HasPrefix(s, "vestibule_") && !strings.HasPrefix(s, "vestibule_database_calls_total") {
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

// madeUp begins each text that askStrangely makes up.
const madeUp = "zqx"

// strange is how many requests askStrangely sends.
const strange = 3*9 + 1

// askStrangely sends requests with texts that somebody makes up, at all surfaces. A sign-in
// costs as much as a hundred others.
func askStrangely(t *testing.T, i *instance, signIn bool) {
	t.Helper()
	word := fmt.Sprintf(madeUp+"%d", rand.Uint64())
	send := func(method, url, body string) {
		t.Helper()
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+word)
		r.Header.Set("Cookie", "better-auth.session_token="+word)
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body) // otherwise the next request makes a new connection
		_ = res.Body.Close()
	}
	for _, surface := range []string{"bff", "api", "admin"} {
		at := i.log.url(surface)
		send(strings.ToUpper(word), at+"/"+word, "")
		send(http.MethodHead, at+"/"+word+"/"+word+".css", "")
		for _, path := range []string{"/", "/api/", "/api/auth/", "/api/auth/reset-password/", "/api/auth/link/", "/api/proxy/", "/api/proxy/me/tasks/"} {
			send(http.MethodGet, at+path+word+"?"+word, "")
		}
	}
	send(http.MethodPost, i.log.url("bff")+"/api/auth/oauth2/token", "grant_type="+word)
	if signIn {
		send(http.MethodPost, i.log.url("bff")+"/api/auth/sign-in/email", `{"email":"`+word+`@example.com","password":"`+word+`"}`)
	}
}

// TestMetricsHaveNoLabelsOfClients: paths, methods, tokens, cookies and addresses that somebody
// makes up add no series, and are in none.
func TestMetricsHaveNoLabelsOfClients(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", testEnv(t))
	askAdmin(t, i, "PUT", "/log-level", "error") // the test keeps the log in memory
	askStrangely(t, i, true)
	scrape(t, i)
	before := scrape(t, i)
	for n := range 10_000/strange + 1 {
		askStrangely(t, i, n%20 == 0)
	}
	after := scrape(t, i)
	if got, want := series(t, after), series(t, before); got != want || want == 0 {
		t.Errorf("got %d series, want %d:\n%s", got, want, after)
	}
	if strings.Contains(strings.ToLower(after), madeUp) {
		t.Errorf("a label has a text of a client:\n%s", after)
	}
	total := 0.0
	for series, n := range metricstest.Parse(t, after) {
		if strings.HasPrefix(series, "vestibule_http_requests_total{") {
			total += n
		}
	}
	if total < 10_000 {
		t.Errorf("got %v requests counted, want 10000", total)
	}
	if n := metricstest.Parse(t, after)[`vestibule_tokens_refused_total{reason="malformed"}`]; n < 30 {
		t.Errorf("got %v made-up tokens refused, want at least 30", n)
	}
	for _, want := range []string{
		`vestibule_http_requests_total{method="other",route="none",status="4xx",surface="bff"} `,
		`vestibule_http_requests_total{method="GET",route="/api/proxy/",status="4xx",surface="bff"} `,
		`vestibule_http_requests_total{method="GET",route="/api/auth/reset-password/{token}",status="4xx",surface="bff"} `,
		`vestibule_places_taken{room="requests",surface="bff"} `, `vestibule_build_info{`, `vestibule_schema_version{of="database"} `,
		`vestibule_proxy_requests_total{outcome="session_expired",route="/api/proxy/"} `,
		`vestibule_database_calls_total{operation=`, `go_sql_max_open_connections{db_name="read"} `, `process_open_fds `,
	} {
		if !strings.Contains(after, want) {
			t.Errorf("there is no %s", want)
		}
	}
}

// TestMetricsCountWhatHappens in the whole program.
func TestMetricsCountWhatHappens(t *testing.T) {
	t.Parallel()
	i := start(t, "serve", testEnv(t))
	before := metricstest.Parse(t, scrape(t, i))
	bff, ada := i.log.url("bff"), browser(t)
	for _, step := range []struct{ method, path, body string }{
		{http.MethodPost, "/api/auth/sign-up/email", account},
		{http.MethodGet, "/api/proxy/me/tasks", ""},
		{http.MethodGet, "/api/proxy/me/tasks", ""},
		{http.MethodPost, "/api/auth/sign-out", "{}"},
	} {
		if code, body := request(t, ada, step.method, bff+step.path, step.body); code != http.StatusOK {
			t.Fatalf("%s: got %d %s", step.path, code, body)
		}
	}
	metricstest.Want(t, before, metricstest.Parse(t, scrape(t, i)), map[string]float64{
		`vestibule_sessions_started_total`: 1, `vestibule_sessions_ended_total{cause="signed-out"}`: 1,
		`vestibule_tokens_minted_total{kind="session"}`: 1, `vestibule_password_wait_seconds_count`: 1,
		`vestibule_proxy_requests_total{outcome="answered",route="/api/proxy/"}`: 2,
		`vestibule_audit_events_total{event="sign-up"}`:                          1, `vestibule_audit_events_total{event="sign-out"}`: 1,
	})
}
