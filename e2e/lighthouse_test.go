package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// lighthouseResult is the part of Lighthouse's report that the tests read.
type lighthouseResult struct {
	FinalDisplayedURL string                              `json:"finalDisplayedUrl"`
	Categories        map[string]struct{ Score *float64 } // nil: one of its audits has failed
	Audits            map[string]struct {
		Title        string
		ErrorMessage string // why Lighthouse could not make the audit
		Score        *float64
		DisplayValue string
		NumericValue float64
		Details      json.RawMessage // its form depends on the audit
	}
}

// TestTasksPageInLighthouse checks the page that people use most with the audits of Lighthouse
// that do not depend on time. The performance score depends on the speed and load of this
// machine: make lighthouse measures it.
func TestTasksPageInLighthouse(t *testing.T) {
	t.Parallel()
	report := lighthouse(t, 1, "--only-categories=accessibility,best-practices,seo", "--only-audits=cumulative-layout-shift,dom-size,network-requests")[0]
	for _, name := range []string{"accessibility", "best-practices", "seo"} {
		if score := report.score(name); score < 95 {
			t.Errorf("%s: got %.0f, want 95 or more", name, score)
		}
	}
	for name, most := range map[string]float64{
		"cumulative-layout-shift": 0.05, // Lighthouse calls 0.1 good
		"dom-size":                800,  // elements; Lighthouse calls 818 many
	} {
		audit, ok := report.Audits[name]
		if !ok {
			t.Errorf("Lighthouse no longer reports %s", name)
		}
		if audit.NumericValue > most {
			t.Errorf("%s: got %v, want at most %v", name, audit.NumericValue, most)
		}
	}
	if weight := report.weight(t); weight < 50_000 || weight > 85_000 {
		t.Errorf("the page loads %.0f bytes, want 50000 to 85000: %s", weight, report.Audits["network-requests"].Details)
	}
	for name, audit := range report.Audits {
		if t.Failed() && audit.Score != nil && *audit.Score < 0.9 {
			t.Logf("%s: %s %s", name, audit.Title, audit.DisplayValue)
		}
	}
}

// score returns the score of a category, of 100.
func (r lighthouseResult) score(category string) float64 { return *r.Categories[category].Score * 100 }

// weight adds up the bytes of all answers that the page loads, each address once. A page that
// opened its event stream late reads its list again, and Chromium asks for the icon a second or
// third time: how often depends on the machine, and says nothing about the page.
func (r lighthouseResult) weight(t *testing.T) (bytes float64) {
	t.Helper()
	largest := map[string]float64{}
	for _, one := range r.requests(t) {
		largest[one.URL] = max(largest[one.URL], one.TransferSize)
	}
	for _, size := range largest {
		bytes += size
	}
	return bytes
}

// lighthouseRequest is a request that the page sent.
type lighthouseRequest struct {
	URL          string
	TransferSize float64 // bytes of the answer with its headers, as they were sent
	Finished     bool
}

func (r lighthouseResult) requests(t *testing.T) []lighthouseRequest {
	t.Helper()
	var requests struct{ Items []lighthouseRequest }
	if err := json.Unmarshal(r.Audits["network-requests"].Details, &requests); err != nil {
		t.Fatalf("network-requests: %v", err)
	}
	return requests.Items
}

var listOfTasks = regexp.MustCompile(`/api/proxy/[^/]+/tasks(\?|$)`)

// missing returns what the report does not show: audits that could not be made, and a page
// that was still being loaded. If there is a category without a score, there is an error.
func (r lighthouseResult) missing(t *testing.T) (found []string) {
	t.Helper()
	// Nothing is loaded after the list of tasks, and its answer needs all modules.
	if !slices.ContainsFunc(r.requests(t), func(one lighthouseRequest) bool {
		return one.Finished && listOfTasks.MatchString(one.URL)
	}) {
		found = append(found, "the page has not read its tasks")
	}
	for name, category := range r.Categories {
		if category.Score == nil {
			found = append(found, name+" has no score")
		}
	}
	for name, audit := range r.Audits {
		if audit.ErrorMessage != "" {
			found = append(found, name+": "+audit.ErrorMessage)
		}
	}
	return found
}

// lighthouse measures the tasks page that many times, as a phone on a slow network. only are
// the options that name what it measures.
func lighthouse(t *testing.T, times int, only ...string) (reports []lighthouseResult) {
	t.Helper()
	folder := clientFolder(t)
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	p := launchBinary(t, binary(t, build.plain), shapes[0])
	b := newBrowser(t, p.bff)
	b.signUp("lighthouse@example.com")
	for range 20 {
		b.want(b.send("POST", p.bff+"/api/proxy/me/tasks", `{"title":"Water the plants","description":"All of them"}`), 201, "")
	}
	headers, _ := json.Marshal(map[string]string{"Cookie": "better-auth.session_token=" + b.cookie()})
	out := filepath.Join(t.TempDir(), "report.json")
	// The page keeps an event stream open, so its network is never idle, and Lighthouse starts
	// when the wait is over. On a busy machine the page may not be painted yet.
	for wait := 4 * time.Second; len(reports) < times; {
		cmd := exec.CommandContext(t.Context(), "node", append([]string{filepath.Join(folder, "node_modules", "lighthouse", "cli", "index.js"), p.bff + "/tasks",
			"--quiet", "--output=json", "--output-path=" + out, "--disable-full-page-screenshot", fmt.Sprintf("--max-wait-for-load=%d", wait.Milliseconds()),
			"--extra-headers=" + string(headers), "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage", "--no-enable-error-reporting"}, only...)...)
		cmd.Env = append(os.Environ(), "CHROME_PATH="+chromium, "HOME="+t.TempDir())
		text, err := cmd.CombinedOutput()
		if err != nil && wait < time.Minute && lookedTooEarly.Match(text) {
			wait *= 2
			t.Logf("Lighthouse looked before the page was painted; now it waits %v", wait)
			continue
		}
		if err != nil {
			t.Fatalf("lighthouse: %v\n%s", err, text)
		}
		text, err = os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		var report lighthouseResult
		if err := json.Unmarshal(text, &report); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(report.FinalDisplayedURL, "/tasks") {
			t.Fatalf("Lighthouse looked at %s", report.FinalDisplayedURL)
		}
		if missing := report.missing(t); len(missing) > 0 {
			if wait >= time.Minute {
				t.Fatalf("Lighthouse did not see the whole page: %s", strings.Join(missing, "; "))
			}
			wait *= 2
			t.Logf("Lighthouse did not see the whole page; now it waits %v: %s", wait, strings.Join(missing, "; "))
			continue
		}
		reports = append(reports, report)
	}
	return reports
}

// lookedTooEarly matches the errors of Lighthouse that say that the browser was too slow. Some
// have no code in their text:
// https://github.com/GoogleChrome/lighthouse/blob/main/core/lib/lh-error.js
var lookedTooEarly = regexp.MustCompile(`\b(NO_FCP|NO_LCP|NO_NAVSTART|NO_SCREENSHOTS|NO_TRACING_STARTED|PAGE_HUNG|PROTOCOL_TIMEOUT|CRI_TIMEOUT)\b|page stopped responding|DevTools protocol response has exceeded|initial Debugger Protocol connection`)
