// Command vestibule runs the BFF, the task API and an admin server, in one process or
// in separate ones. It also has commands for operators.
//
// Each command reads its arguments, makes one call and prints the result. Package
// settings reads and checks the settings. Package daemon runs the servers. Only this
// file reads the environment.
package main

import (
	"context"
	"io"
	"os"
	"runtime/debug"

	"vestibule/internal/daemon"
	"vestibule/internal/settings"
)

func main() {
	ctx, stop := signalContext()
	catchHangups(os.Args[1:], stop)
	tuneGC(os.Getenv)
	env := settings.NewEnvironment(os.Environ())
	settings.UnsetUnsupported(env, os.Unsetenv)
	os.Exit(run(ctx, os.Args[1:], env, os.Stdin, os.Stdout, os.Stderr))
}

// tuneGC sets daemon.GCPercent unless the operator has set GOGC. GOMEMLIMIT still applies.
func tuneGC(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(daemon.GCPercent)
	}
}

// run runs the command in args until it is done or ctx ends. It returns the exit code.
func run(ctx context.Context, args []string, env settings.Environment, stdin io.Reader, stdout, stderr io.Writer) int {
	results := &resultWriter{w: stdout}
	p := &program{env: env, stdin: stdin, stdout: results, stderr: stderr}
	err := p.dispatch(ctx, args)
	if err == nil {
		err = results.lost()
	}
	return report(stderr, err)
}

// program holds the environment and the streams of a command.
type program struct {
	env    settings.Environment
	given  parsedArgs
	stdin  io.Reader // passwords and confirmations
	stdout io.Writer // results
	stderr io.Writer // errors and the log
}
