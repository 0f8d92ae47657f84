//go:build neighbours

package neighbours

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

const (
	reportPath = "../../docs/benchmarks.md"
	beforePath = "testdata/before.json" // the figures of the version before the bounds
	heading    = "\n## Neighbours\n"    // bench/report.go uses it too
)

// keep writes the figures to a file.
func keep(t *testing.T, path string, all []figure) {
	t.Helper()
	text, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// report writes the last section of the benchmarks.
func report(t *testing.T, all []figure) {
	t.Helper()
	var before []figure
	// The file is optional: a missing file must not waste half an hour of measuring.
	if text, err := os.ReadFile(beforePath); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = json.Unmarshal(text, &before)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(reportPath)
	if err != nil {
		t.Fatal(err)
	}
	rest, _, _ := strings.Cut(string(page), heading)
	section := fmt.Sprintf(`
This section shows what a well-behaved user notices of an attack from another address. Each figure is the median of %d alternating rounds of quiet and attack, %v each.

- A time is followed by its ratio to the time without the attack. The ratio of the median should be at most %v, and that of the p99 at most %v.
- Memory is the most that the program held. It should stay below %d MiB.
- The attackers run on the same two processors, at a lower priority.
- "Without bounds" has the ratios and the memory of the version without the bounds of [operations.md](operations.md#bounds).

`+"`make neighbours`"+` writes this section.
`, *rounds, *length, mostP50, mostP99, mostMemory)
	if err := os.WriteFile(reportPath, []byte(rest+heading+section+table(all, before)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// engineNames are the headings of the tables.
var engineNames = map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}

// table shows the figures, one table for each engine, and the ratios and the memory of
// before where before has them.
func table(all, before []figure) string {
	var b strings.Builder
	engine := ""
	for _, f := range all {
		if f.Engine != engine {
			engine = f.Engine
			fmt.Fprintf(&b, "\n### %s\n\n| attack | the user's request | p50 | p99 | failed | memory | without bounds: p50, p99, memory |\n|---|---|---|---|---|---|---|\n", engineNames[engine])
		}
		then := ""
		for _, o := range before {
			if o.Engine == f.Engine && o.Attack == f.Attack && o.Op == f.Op {
				then = fmt.Sprintf("×%s, ×%s, %d MiB", times(o.RatioP50), times(o.RatioP99), o.MemoryMiB)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %.1f ms, **×%s** | %.1f ms, **×%s** | %d | %d MiB | %s |\n", f.Attack, f.Op,
			f.P50, times(f.RatioP50), f.P99, times(f.RatioP99), f.Failed, f.MemoryMiB, then)
	}
	return b.String()
}

// times writes a ratio with as many digits as mean something.
func times(ratio float64) string {
	if ratio >= 10 {
		return fmt.Sprintf("%.0f", ratio)
	}
	return fmt.Sprintf("%.1f", ratio)
}
