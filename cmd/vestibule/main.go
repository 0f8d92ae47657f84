// Command vestibule runs the BFF, the task API and their admin server: all of
// them in one process, or one side each.
//
// This is the only package that reads the environment and the command line.
// It turns them into the configurations of package bff and package api, opens
// what those need, and starts and stops them. Every mistake in the settings is
// reported at once, one line each, and nothing runs on settings that are only
// partly right. It decides nothing about sessions, tokens or tasks.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	relaxCollector(os.Getenv)
	env := processEnvironment()
	hideFromDriver(env, os.Unsetenv)
	os.Exit(run(untilSignal(), os.Args[1:], env, os.Stdin, os.Stdout, os.Stderr))
}

// collectAt is how much the heap may grow, in percent of what is live, before it
// is collected. Next to nothing is live here while requests make garbage by the
// megabyte: at Go's own 100 up to a quarter of the time of small requests goes
// into collecting a heap of a few MiB.
const collectAt = 400

// relaxCollector leaves the choice to the operator where there is one; GOMEMLIMIT
// holds in any case.
func relaxCollector(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}

// untilSignal returns a context that ends when the process is asked to stop.
// Who asks twice does not want to wait: the process exits at once.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitSignal)
	}()
	return ctx
}

// run is the program: it does what args say until it is done or ctx ends, and
// returns the code to exit with.
func run(ctx context.Context, args []string, env environment, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{env: env, stdin: stdin, stdout: stdout, stderr: stderr}
	return report(stderr, p.dispatch(ctx, args))
}

// program is what a command may use of the world.
type program struct {
	env    environment
	given  given
	stdin  io.Reader // a password, an answer
	stdout io.Writer // results
	stderr io.Writer // mistakes and the log
}
