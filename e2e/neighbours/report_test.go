//go:build neighbours

package neighbours

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	reportPath = "../../docs/benchmarks.md"
	heading    = "\n## Neighbours\n" // bench/report.go uses it too
)

// report writes the last section of the benchmarks.
func report(t *testing.T, all []figure) {
	t.Helper()
	page, err := os.ReadFile(reportPath)
	if err != nil {
		t.Fatal(err)
	}
	rest, old, _ := strings.Cut(string(page), heading)
	later := "" // the sections after this one
	if i := strings.Index(old, "\n## "); i >= 0 {
		later = old[i:]
	}
	section := fmt.Sprintf(`
This section shows what a well-behaved user notices of an attack from another address. Each figure is the median of %d alternating rounds of quiet and attack, %v each.

- A time is followed by its ratio to the time without the attack. The ratio of the median should be at most %v, and that of the p99 at most %v.
- Memory is the most that the program held. It should stay below %d MiB.
- The attackers run on the same two processors, at a lower priority.
- A version without the bounds of [operations.md](operations.md#bounds) answered up to 3400 times slower during these attacks, and held up to 1.7 GB.

`+"`make neighbours`"+` writes this section.
`, *rounds, *length, mostP50, mostP99, mostMemory)
	if err := os.WriteFile(reportPath, []byte(rest+heading+section+table(all)+later), 0o644); err != nil {
		t.Fatal(err)
	}
}

// engineNames are the headings of the tables.
var engineNames = map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}

// table returns a table of the figures for each engine.
func table(all []figure) string {
	var b strings.Builder
	engine := ""
	for _, f := range all {
		if f.Engine != engine {
			engine = f.Engine
			fmt.Fprintf(&b, "\n### %s\n\n| attack | the user's request | p50 | p99 | failed | memory |\n|---|---|---|---|---|---|\n", engineNames[engine])
		}
		fmt.Fprintf(&b, "| %s | %s | %.1f ms, **×%s** | %.1f ms, **×%s** | %d | %d MiB |\n", f.Attack, f.Op,
			f.P50, ratio(f.RatioP50), f.P99, ratio(f.RatioP99), f.Failed, f.MemoryMiB)
	}
	return b.String()
}

// ratio formats a ratio with its significant digits.
func ratio(r float64) string {
	if r >= 10 {
		return fmt.Sprintf("%.0f", r)
	}
	return fmt.Sprintf("%.1f", r)
}
