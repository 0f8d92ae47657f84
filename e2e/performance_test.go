//go:build lighthouse

package e2e

import (
	"slices"
	"testing"
)

// TestPerformanceInLighthouse holds the tasks page's performance to 95 of 100, on a
// machine that does nothing else.
func TestPerformanceInLighthouse(t *testing.T) {
	var scores []float64
	for _, report := range lighthouse(t, 5, "--only-categories=performance") {
		score := report.score("performance")
		scores = append(scores, score)
		t.Logf("performance %.0f: interactive after %.0f ms, largest paint after %.0f ms, blocked for %.0f ms", score, report.Audits["interactive"].NumericValue,
			report.Audits["largest-contentful-paint"].NumericValue, report.Audits["total-blocking-time"].NumericValue)
	}
	slices.Sort(scores)
	if median := scores[len(scores)/2]; median < 95 {
		t.Errorf("performance: got a median of %.0f, want 95 or more", median)
	}
}
