package main

import (
	"context"
	"errors"
	"flag"
	"strings"

	"vestibule/internal/settings"
)

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
	given, err := cmd.parse(rest)
	if errors.Is(err, flag.ErrHelp) {
		return p.help(cmd.name)
	}
	if err != nil {
		return err
	}
	p.given = given
	if cmd.examines {
		return cmd.run(ctx, p, nil)
	}
	cfg, err := settings.Load(cmd.reads, given.flags, p.env)
	if err != nil {
		return err
	}
	return cmd.run(ctx, p, cfg)
}

// findCommand returns the command and the arguments after its name.
func findCommand(args []string) (command, []string, error) {
	var subcommands []string
	for _, cmd := range commands() {
		words := strings.Fields(cmd.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == cmd.name {
			return cmd, args[len(words):], nil
		}
		if words[0] == args[0] {
			subcommands = append(subcommands, cmd.name)
		}
	}
	switch {
	case subcommands != nil && len(args) > 1 && isHelp(args[1]):
		return command{name: args[0]}, args[1:], nil
	case subcommands != nil:
		return command{}, nil, usageError(args[0] + " is not complete: use " + strings.Join(subcommands, ", "))
	case strings.HasPrefix(args[0], "-"):
		return command{}, nil, usageError("flags follow the command, as in: vestibule serve " + flagName(args[0]) + " …" + seeHelp(""))
	}
	return command{}, nil, usageError("unknown command " + settings.Show(args[0]) + seeHelp(""))
}

func isHelp(arg string) bool {
	return arg == "-h" || arg == "-help" || arg == "--help"
}

// flagName returns arg without its value, which may be a secret.
func flagName(arg string) string {
	name, _, _ := strings.Cut(arg, "=")
	return name
}

func seeHelp(command string) string {
	if command != "" {
		command += " "
	}
	return "; see vestibule " + command + "--help"
}
