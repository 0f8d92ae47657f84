// Package doctor checks an installation: its settings, and what they point to.
//
// A check is a value with a name. Run runs any list of checks, one after the other, and
// reports what each has found. Local has the checks of the settings of a command.
//
// It promises:
//   - Every check runs, whatever the others find, unless it needs what another one has found
//     broken. Then it says so.
//   - A check has a time limit. A network or a disk that is silent cannot hang the doctor.
//   - Every warning and failure names the setting to look at, and the cure.
//   - Nothing is written into the database, created or claimed: it may run beside a running
//     installation, which does not notice. A SQLite database is opened as by any other
//     command.
//   - No text contains a secret, or a part of one.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestibule/internal/settings"
)

// State is how a check has ended.
type State string

// The states. A failure stops a start, or part of what runs. A warning is a risk or a cost.
const (
	OK      State = "ok"
	Warning State = "warning"
	Failure State = "failure"
)

// Result is something that a check has found.
type Result struct {
	Check string
	State State

	Found string // for OK: what is good

	// For the others. The problem continues a sentence that starts with the setting.
	Setting, Problem, Cure string
}

// Text is the result as one line, without its check and state.
func (r Result) Text() string {
	if r.State == OK {
		return r.Found
	}
	return settings.Fault{Setting: r.Setting, Problem: r.Problem, Cure: r.Cure}.Error()
}

// Check is one check.
type Check struct {
	Name    string
	Setting string // the one to name when the check does not end

	// Run returns what it has found. Nothing means that there was nothing to check. Its
	// context ends after the time limit.
	Run func(context.Context) []Result
}

// askLimit is the time limit for one answer over the network. It is shorter than that of a
// check, as the one of a call of the store is, so that a check usually ends by itself and says
// more.
const askLimit = 5 * time.Second

// limits are the time limits of a check.
type limits struct {
	check time.Duration
	grace time.Duration // after its end, to say more
}

var usualLimits = limits{check: 15 * time.Second, grace: time.Second}

// Run runs the checks and reports each result at once. It returns an error only when ctx
// ends.
func Run(ctx context.Context, checks []Check, report func(Result)) error {
	return run(ctx, checks, usualLimits, report)
}

func run(ctx context.Context, checks []Check, most limits, report func(Result)) error {
	for _, c := range checks {
		for _, r := range c.within(ctx, most) {
			r.Check = c.Name
			if ctx.Err() == nil {
				report(r)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// within runs the check. One that ignores the end of its context is left behind.
func (c Check) within(ctx context.Context, most limits) []Result {
	ctx, cancel := context.WithTimeout(ctx, most.check)
	defer cancel()
	done := make(chan []Result, 1)
	go func() { done <- c.Run(ctx) }()
	select {
	case found := <-done:
		return found
	case <-ctx.Done():
	}
	select {
	case found := <-done:
		return found
	case <-time.After(most.grace):
		return failure(c.Setting, fmt.Sprintf("leads to something that does not answer within %s", most.check), "check the network and what is there")
	}
}

func ok(format string, args ...any) []Result {
	return []Result{{State: OK, Found: fmt.Sprintf(format, args...)}}
}

func warning(setting, problem, cure string) []Result {
	return []Result{{State: Warning, Setting: setting, Problem: problem, Cure: cure}}
}

func failure(setting, problem, cure string) []Result {
	return []Result{{State: Failure, Setting: setting, Problem: problem, Cure: cure}}
}

// failed turns an error of a start into failures.
func failed(setting string, err error) (found []Result) {
	if faults, is := errors.AsType[settings.Faults](err); is {
		for _, f := range faults {
			found = append(found, fromFault(f)...)
		}
		return found
	}
	if f, is := errors.AsType[settings.Failure](err); is {
		return fromFault(f.WithCause())
	}
	return failure(setting, "could not be checked ("+settings.OneLine(err.Error())+")", "check what it points to, and try again")
}

func fromFault(f settings.Fault) []Result {
	if f.Value != "" {
		f.Problem = f.Value + " " + f.Problem
	}
	return failure(f.Setting+f.Place, f.Problem, f.Cure)
}

// Counted writes a number of things.
func Counted(n int, what string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(what, "s"):
		what += "es"
	default:
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// orElse returns what was found, or that all is good.
func orElse(found []Result, format string, args ...any) []Result {
	if len(found) > 0 {
		return found
	}
	return ok(format, args...)
}
