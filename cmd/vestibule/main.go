// Command vestibule runs the BFF, the task API and their admin server, all of
// them in one process or one side each, and has the operator's commands.
//
// Each command reads its arguments, calls one thing and prints the result. Package
// settings reads and checks the settings; package daemon is what runs. This file
// is the only one that reads the environment.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"vestibule/internal/settings"
)

func main() {
	tuneGC(os.Getenv)
	env := settings.NewEnvironment(os.Environ())
	settings.HideFromDriver(env, os.Unsetenv)
	os.Exit(run(signalContext(), os.Args[1:], env, os.Stdin, os.Stdout, os.Stderr))
}

// gcPercent is how much the heap may grow, in percent of what is live, before it
// is collected. Next to nothing is live here while requests make garbage by the
// megabyte: at Go's own 100 up to a quarter of the time of small requests goes
// into collecting a heap of a few MiB.
const gcPercent = 400

// tuneGC leaves the choice to the operator where there is one; GOMEMLIMIT
// holds in any case.
func tuneGC(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// signalContext returns a context that ends when the process is asked to stop.
// Who asks twice does not want to wait: the process exits at once.
func signalContext() context.Context {
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
func run(ctx context.Context, args []string, env settings.Environment, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{env: env, stdin: stdin, stdout: stdout, stderr: stderr}
	return report(stderr, p.dispatch(ctx, args))
}

// program is what a command may use of the world.
type program struct {
	env    settings.Environment
	given  parsedArgs
	stdin  io.Reader // a password, an answer
	stdout io.Writer // results
	stderr io.Writer // mistakes and the log
}
