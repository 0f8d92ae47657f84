//go:build neighbours

package neighbours

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var (
	binaryPath = flag.String("binary", "", "the vestibule binary to measure; default: built from this checkout")
	rounds     = flag.Int("rounds", 5, "the number of rounds; each is a quiet time and then an attack")
	length     = flag.Duration("length", 6*time.Second, "the length of the quiet time, and of the attack")
	write      = flag.Bool("report", false, "write the figures into docs/benchmarks.md")
	soakTime   = flag.Duration("soak", 10*time.Minute, "the length of the soak")
)

// The limits for what a well-behaved user notices of an attack.
const (
	mostP50    = 2.0 // times the median without the attack
	mostP99    = 3.0 // times the p99 without the attack
	mostMemory = 300 // MiB
)

func TestMain(m *testing.M) {
	if name := os.Getenv("NEIGHBOURS_ATTACK"); name != "" {
		os.Exit(attackMain(name))
	}
	os.Exit(m.Run())
}

// figure is the effect of an attack on one kind of request.
type figure struct {
	Engine, Attack, Op string
	QuietP50, QuietP99 float64 // without the attack: the medians of all rounds, in ms
	P50, P99           float64 // during the attack
	RatioP50, RatioP99 float64 // the medians of the ratios of all rounds
	Failed             int     // failed requests of the well-behaved user during the attacks
	MemoryMiB          int     // the highest use of memory during an attack
}

func TestNeighbours(t *testing.T) {
	path := binary(t)
	var all []figure
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			for _, a := range attacks {
				t.Run(a.name, func(t *testing.T) {
					all = append(all, measure(t, path, engine, a)...)
				})
			}
		})
	}
	t.Log("\n" + table(all))
	if *write {
		report(t, all)
	}
}

// binary returns the path of the program to measure.
func binary(t *testing.T) string {
	t.Helper()
	if *binaryPath != "" {
		return *binaryPath
	}
	path := filepath.Join(t.TempDir(), "vestibule")
	if out, err := exec.Command("go", "build", "-o", path, "vestibule/cmd/vestibule").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// measure starts the product and alternates quiet times and attacks.
func measure(t *testing.T, path, engine string, a attack) (figures []figure) {
	s := newSite(t, path, engine)
	s.prepare(t, a)
	v := newVictim(t, s)
	v.run(t, 2*time.Second, a.ops) // warms up
	quiet, attacked := map[string][]sample{}, map[string][]sample{}
	memory, failed := 0, map[string]int{}
	for range *rounds {
		for op, times := range v.run(t, *length, a.ops) {
			quiet[op] = append(quiet[op], times.sample())
		}
		s.resetPeak(t)
		stop := s.attack(t, a)
		time.Sleep(a.warm())
		for op, times := range v.run(t, *length, a.ops) {
			attacked[op] = append(attacked[op], times.sample())
			failed[op] += times.failed
		}
		memory = max(memory, s.peakMiB(t))
		stop()
		time.Sleep(time.Second)
	}
	for _, op := range a.ops {
		f := figure{Engine: engine, Attack: a.name, Op: op, Failed: failed[op], MemoryMiB: memory}
		f.QuietP50, f.QuietP99 = medians(quiet[op])
		f.P50, f.P99 = medians(attacked[op])
		var p50s, p99s []float64
		for i := range quiet[op] {
			p50s = append(p50s, attacked[op][i].p50/quiet[op][i].p50)
			p99s = append(p99s, attacked[op][i].p99/quiet[op][i].p99)
		}
		f.RatioP50, f.RatioP99 = median(p50s), median(p99s)
		t.Logf("%s: p50 %.1f -> %.1f ms (%.1f), p99 %.1f -> %.1f ms (%.1f), %d failed, %d MiB", op, f.QuietP50, f.P50, f.RatioP50, f.QuietP99, f.P99, f.RatioP99, f.Failed, memory)
		if f.RatioP50 > mostP50 || f.RatioP99 > mostP99 {
			t.Errorf("%s: got %.1f times p50 and %.1f times p99, want at most %v and %v", op, f.RatioP50, f.RatioP99, mostP50, mostP99)
		}
		if f.Failed > 0 {
			t.Errorf("%s: %d requests of the well-behaved user failed: %s", op, f.Failed, v.why())
		}
		figures = append(figures, f)
	}
	if memory > mostMemory {
		t.Errorf("got %d MiB, want at most %d", memory, mostMemory)
	}
	return figures
}

type sample struct{ p50, p99 float64 }

func medians(samples []sample) (p50, p99 float64) {
	var a, b []float64
	for _, s := range samples {
		a, b = append(a, s.p50), append(b, s.p99)
	}
	return median(a), median(b)
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}
