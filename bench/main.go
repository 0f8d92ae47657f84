// Command bench measures Vestibule beside other programs:
//
//   - proxied requests, against a bare, tuned httputil.ReverseProxy, nginx, oauth2-proxy
//     and Better Auth, all in front of the same API, in alternating rounds
//   - requests to the task API within one process
//   - real work, against PocketBase
//   - large bodies, sign-ins, many sessions and routes, and what a task costs the database
//   - the time from start to the first answer, and idle memory
//   - open streams, lists, and sign-ins while others write to the same SQLite file
//
// make bench runs it. It takes more than an hour, on a machine that does nothing else. It
// prints its tables and writes them into docs/benchmarks.md, and the chart into
// docs/images/benchmark.svg. -only measures some parts.
//
// All that it starts has folders of its own, listens on the loopback address, and ends
// with it. bench/install.sh installs what it needs beside Go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// settings are the settings of a measurement. The report names them.
type settings struct {
	binary      string
	rounds      int
	duration    time.Duration // of one run
	connections []int
	only        []string // parts; empty: all
	rows        []string // contestants whose names contain one of these; empty: all
	write       bool

	tries       int     // of a run that other programs disturb
	disturbance float64 // the part of the machine that they may use

	base, commit string
	profile      string
}

// subcommands are programs that bench starts as processes of their own.
var subcommands = map[string]func(args []string) error{"bare-proxy": bareProxy, "check-api": checkAPI, "lookup": lookup}

func main() {
	if len(os.Args) > 1 {
		if run, ok := subcommands[os.Args[1]]; ok {
			exit(run(os.Args[2:]))
		}
	}
	s, err := parseFlags(os.Args[1:])
	if err != nil {
		exit(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "vestibule-bench-")
	if err != nil {
		exit(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // nginx's and PostgreSQL's users enter it
		exit(err)
	}
	switch {
	case s.base != "":
		err = quick(ctx, s, dir)
	case s.profile != "":
		err = profile(ctx, s, dir)
	default:
		err = run(ctx, s, dir)
	}
	_ = os.RemoveAll(dir)
	exit(err)
}

func parseFlags(args []string) (s settings, err error) {
	var connections, only, rows string
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.StringVar(&s.binary, "binary", "bin/vestibule", "the program to measure")
	flags.IntVar(&s.rounds, "rounds", 5, "alternating runs of each contestant")
	flags.DurationVar(&s.duration, "duration", 5*time.Second, "length of one run, in whole seconds")
	flags.StringVar(&connections, "connections", "32,256", "keep-alive connections of the load, one contest for each")
	flags.StringVar(&only, "only", "", "measure only these parts: "+strings.Join(partNames(), ","))
	flags.StringVar(&rows, "rows", "", "measure only contestants whose names contain one of these, separated by commas, and the first one")
	flags.BoolVar(&s.write, "write", false, "write the results into "+reportPath+", and the chart if split and serve were measured")
	flags.IntVar(&s.tries, "tries", 3, "how often a run is tried that other programs disturb")
	flags.Float64Var(&s.disturbance, "disturbance", 0.03, "which part of the machine other programs may use")
	flags.StringVar(&s.base, "base", "", "compare a commit with this one, such as HEAD~1, or with a program at this path, such as bin/old, and measure nothing else")
	flags.StringVar(&s.commit, "commit", "HEAD", "the commit to compare with -base; empty: the files as they are")
	flags.StringVar(&s.profile, "profile", "", "write a CPU profile of bff on SQLite into this file, and measure nothing else; with -only serve, of serve")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.only, s.rows = list(only), list(rows)
	for _, name := range s.only {
		if !slices.Contains(partNames(), name) {
			return s, fmt.Errorf("-only: no part %q; there are %s", name, strings.Join(partNames(), ", "))
		}
	}
	for _, text := range list(connections) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return s, fmt.Errorf("-connections: %q is no number of connections", text)
		}
		s.connections = append(s.connections, n)
	}
	if len(s.connections) == 0 || s.rounds < 1 || s.tries < 1 {
		return s, fmt.Errorf("-connections, -rounds and -tries must be at least 1")
	}
	return s, nil
}

// list splits a list at its commas.
func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
