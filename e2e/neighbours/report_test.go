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
	heading    = "\n## Neighbours\n"    // bench/report.go knows it too
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
	// Without the file there is nothing to compare with; half an hour was not for nothing.
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
What a well-behaved user notices of somebody at another address who does their worst: medians of %d alternating rounds of quiet and attack, %v each, and
the most memory that the program held. The user is to notice at most %v times the median and %v times the p99, and the program is to stay below
%d MiB. The attackers run on the same two processors, at a lower priority. "Before" is the version without the bounds of [operations.md](operations.md#bounds). `+"`make neighbours`"+`.

`, *rounds, *length, mostP50, mostP99, mostMemory)
	if err := os.WriteFile(reportPath, []byte(rest+heading+section+table(all, before)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// table shows the figures, with the ratios and the memory before where there are any.
func table(all, before []figure) string {
	var b strings.Builder
	b.WriteString("| attack | engine | the other's request | p50, attacked | times quiet | before | p99, attacked | times quiet | before | failed | before | memory | before |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, f := range all {
		then := struct{ p50, p99, failed, memory string }{}
		for _, o := range before {
			if o.Engine == f.Engine && o.Attack == f.Attack && o.Op == f.Op {
				then.p50, then.p99 = times(o.RatioP50), times(o.RatioP99)
				then.failed, then.memory = fmt.Sprint(o.Failed), fmt.Sprint(o.MemoryMiB, " MiB")
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %.1f ms | **%s** | %s | %.1f ms | **%s** | %s | %d | %s | %d MiB | %s |\n", f.Attack, f.Engine, f.Op,
			f.P50, times(f.RatioP50), then.p50, f.P99, times(f.RatioP99), then.p99, f.Failed, then.failed, f.MemoryMiB, then.memory)
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
