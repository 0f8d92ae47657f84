// Command bench measures Vestibule's speed:
//
//   - proxied requests per second, compared with a bare, tuned
//     httputil.ReverseProxy in front of the same task API, in alternating runs
//   - the time from start to the first answer, and idle memory
//   - open streams
//   - lists
//   - sign-ins while others write to the same SQLite file
//
// It writes docs/benchmarks.md and docs/images/benchmark.svg. Run it with
// make bench; it takes minutes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// settings are the settings of a measurement. The report names them.
type settings struct {
	binary      string
	rounds      int
	duration    time.Duration // of one run
	connections int
	only        string // one part; "" measures all and writes a report
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "bare-proxy" {
		exit(bareProxy(os.Args[2:]))
	}
	var s settings
	flag.StringVar(&s.binary, "binary", "bin/vestibule", "the program to measure")
	flag.IntVar(&s.rounds, "rounds", 7, "alternating runs of each contestant")
	flag.DurationVar(&s.duration, "duration", 3*time.Second, "length of one run")
	flag.IntVar(&s.connections, "connections", 32, "keep-alive connections of the load")
	flag.StringVar(&s.only, "only", "", "measure one part (start, proxy, listeners, lists or writers) and write no report")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(run(ctx, s))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, s settings) error {
	dir, err := os.MkdirTemp("", "vestibule-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	var all result
	parts := []struct {
		name    string
		measure func() error
	}{
		{"start", func() (err error) {
			all.start, all.idleKiB, err = measureStart(ctx, s, dir)
			return err
		}},
		{"proxy", func() error {
			for _, shape := range []string{"serve", "split"} {
				duel, err := measureProxy(ctx, s, dir, shape)
				if err != nil {
					return fmt.Errorf("%s: %w", shape, err)
				}
				all.duels = append(all.duels, duel)
			}
			return nil
		}},
		{"listeners", func() error {
			for _, how := range []string{"users", "session"} {
				l, err := measureListeners(ctx, s, dir, how)
				if err != nil {
					return fmt.Errorf("%s: %w", how, err)
				}
				fmt.Printf("%d listeners, %s: open after %v, %.1f KiB each, %.1f%% of a processor, a change reached the last after %v\n",
					l.listeners, how, l.opened.Round(time.Millisecond), l.kibEach, 100*l.idle, l.all.Round(time.Millisecond))
				all.listening = append(all.listening, l)
			}
			return nil
		}},
		{"lists", func() (err error) {
			all.lists, err = measureLists(ctx)
			return err
		}},
		{"writers", func() (err error) {
			all.sharing, err = measureSharing(ctx, s, dir)
			return err
		}},
	}
	for _, part := range parts {
		if s.only != "" && s.only != part.name {
			continue
		}
		if err := part.measure(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if s.only != "" {
		return nil
	}
	return report(s, all)
}
