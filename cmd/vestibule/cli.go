package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"strings"
)

// command is one thing the program can do.
type command struct {
	name    string // may be two words
	summary string
	reads   side // the settings it accepts
	run     func(context.Context, *program, *config) error
}

// commands returns all of them, in the order of help.
func commands() []command {
	return []command{
		{"serve", "run the BFF, the task API and the admin server in one process", forServe, serve},
		{"bff", "run the BFF alone, in front of the API at BACKEND_URL", forBFF, serve},
		{"api", "run the task API alone", forAPI, serve},
		{"migrate up", "apply all pending migrations", forMigrate, migrateUp},
		{"migrate down", "take the last migration back, with the data it holds", forMigrate, migrateDown},
		{"migrate status", "list the migrations and which are applied", forMigrate, migrateStatus},
		{"version", "print the version", forVersion, printVersion},
	}
}

// dispatch finds the command that args name, reads its settings and runs it.
func (p *program) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usageError("no command given" + seeHelp(""))
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return p.help(strings.Join(args[1:], " "))
	case "-version", "--version":
		args = []string{"version"}
	}
	cmd, rest, err := findCommand(args)
	if err != nil {
		return err
	}
	flags, err := cmd.parseFlags(rest)
	if errors.Is(err, flag.ErrHelp) {
		return p.help(cmd.name)
	}
	if err != nil {
		return err
	}
	cfg, err := load(cmd.reads, flags, p.getenv)
	if err != nil {
		return err
	}
	return cmd.run(ctx, p, cfg)
}

// findCommand returns the command and what follows its name.
func findCommand(args []string) (command, []string, error) {
	var longer []string
	for _, cmd := range commands() {
		words := strings.Fields(cmd.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == cmd.name {
			return cmd, args[len(words):], nil
		}
		if words[0] == args[0] {
			longer = append(longer, cmd.name)
		}
	}
	switch {
	case longer != nil && len(args) > 1 && isHelp(args[1]):
		return command{name: args[0]}, args[1:], nil
	case longer != nil:
		return command{}, nil, usageError(args[0] + " is not complete: use " + strings.Join(longer, ", "))
	case strings.HasPrefix(args[0], "-"):
		return command{}, nil, usageError("flags follow the command, as in: vestibule serve " + flagName(args[0]) + " …" + seeHelp(""))
	}
	return command{}, nil, usageError("unknown command " + show(args[0]) + seeHelp(""))
}

func isHelp(arg string) bool {
	return arg == "-h" || arg == "-help" || arg == "--help"
}

// flagName cuts off a value, which may be a secret.
func flagName(arg string) string {
	name, _, _ := strings.Cut(arg, "=")
	return name
}

// parseFlags returns the flags that were given, by name. Its error is
// flag.ErrHelp or a usageError.
func (cmd command) parseFlags(args []string) (map[string]string, error) {
	given := map[string]string{}
	var twice []string
	fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	for _, s := range cmd.reads.settings() {
		name := s.flag()
		fs.Func(name, s.help, func(v string) error {
			if _, again := given[name]; again {
				twice = append(twice, "--"+name)
			}
			given[name] = v
			return nil
		})
	}
	if name, ok := unknownFlag(fs, args); ok {
		return nil, usageError("unknown flag --" + name + seeHelp(cmd.name))
	}
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, usageError(err.Error() + seeHelp(cmd.name))
	case fs.NArg() > 0:
		return nil, usageError("unexpected argument after " + cmd.name + ": settings are given as --name=value" + seeHelp(cmd.name))
	case twice != nil:
		return nil, usageError("given twice: " + strings.Join(twice, ", ") + "; separate several values by commas")
	}
	return given, nil
}

// unknownFlag finds a flag that fs does not have, to name it the way that the
// help spells flags, and without its value.
func unknownFlag(fs *flag.FlagSet, args []string) (string, bool) {
	for i := 0; i < len(args) && strings.HasPrefix(args[i], "-") && args[i] != "-" && args[i] != "--"; i++ {
		name := strings.TrimPrefix(strings.TrimPrefix(flagName(args[i]), "-"), "-")
		switch {
		case name == "h" || name == "help":
		case fs.Lookup(name) == nil:
			return name, true
		case !strings.Contains(args[i], "="):
			i++ // its value
		}
	}
	return "", false
}

func seeHelp(command string) string {
	if command != "" {
		command += " "
	}
	return "; see vestibule " + command + "--help"
}
