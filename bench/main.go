// Command bench measures what the README says of Vestibule's speed: proxied
// requests per second against a bare, tuned httputil.ReverseProxy in front of
// the same task API, in alternating runs on one machine; the time from start
// to the first answer; and idle memory.
//
// It writes docs/benchmarks.md and docs/images/benchmark.svg. Run it with
// make bench; it takes about two minutes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// settings of a measurement, written into the report.
type settings struct {
	binary      string
	rounds      int
	duration    time.Duration // of one run
	connections int
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
	if all.start, all.idleKiB, err = measureStart(ctx, s, dir); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	for _, shape := range []string{"serve", "split"} {
		duel, err := measureProxy(ctx, s, dir, shape)
		if err != nil {
			return fmt.Errorf("%s: %w", shape, err)
		}
		all.duels = append(all.duels, duel)
	}
	return report(s, all)
}
