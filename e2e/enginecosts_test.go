//go:build cluster

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAProxiedRequestCostsTheSameOnBothEngines compares the processor time of a BFF for a
// proxied request with SQLite and with PostgreSQL, in alternating runs. It judges nothing.
func TestAProxiedRequestCostsTheSameOnBothEngines(t *testing.T) {
	const rounds, requests, connections = 7, 20_000, 16
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") }))
	t.Cleanup(api.Close)
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	t.Cleanup(transport.CloseIdleConnections)
	type site struct {
		*product
		cookie string
		bff    *process
		costs  []time.Duration
	}
	var sites []*site
	for _, s := range shapes[2:4] { // bff and api, on SQLite and on PostgreSQL
		p := launchBinary(t, binary(t, build.plain), s, "BACKEND_URL="+api.URL, "LOG_LEVEL=error")
		b := newBrowser(t, p.bff)
		b.signUp("ada@example.com")
		sites = append(sites, &site{product: p, cookie: b.cookie(), bff: p.processes[len(p.processes)-1]})
	}
	send := func(s *site) {
		var all sync.WaitGroup
		for range connections {
			all.Go(func() {
				for range requests / connections {
					r, err := http.NewRequest("GET", s.product.bff+"/api/proxy/x", nil)
					if err != nil {
						t.Error(err)
						return
					}
					r.Header.Set("Cookie", "better-auth.session_token="+s.cookie)
					res, err := transport.RoundTrip(r)
					if err != nil || res.StatusCode != http.StatusOK {
						t.Errorf("got %v, error %v", res, err)
						return
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
			})
		}
		all.Wait()
	}
	for range rounds {
		for _, s := range sites {
			before := processorTime(t, s.bff)
			send(s)
			s.costs = append(s.costs, (processorTime(t, s.bff)-before)/requests)
		}
	}
	medians := make([]time.Duration, len(sites))
	for i, s := range sites {
		slices.Sort(s.costs)
		medians[i] = s.costs[rounds/2]
	}
	t.Logf("a proxied request takes %v of a processor on SQLite and %v on PostgreSQL: a ratio of %.2f (medians of %d runs of %d requests)",
		medians[0], medians[1], float64(medians[1])/float64(medians[0]), rounds, requests)
}

// processorTime returns the processor time that a process has used.
func processorTime(t *testing.T, p *process) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may have spaces
	var ticks int
	for _, field := range strings.Fields(rest)[11:13] { // utime and stime, proc(5)
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
