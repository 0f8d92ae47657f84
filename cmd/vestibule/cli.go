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
	args    string // what follows, as help shows it: USER [SESSION]
	summary string
	reads   side // the settings it accepts
	options []option
	run     func(context.Context, *program, *config) error
}

// option is a flag of one command that is no setting: it says what to do this
// time, and has no variable.
type option struct {
	name string
	arg  string // what stands for the value in help; "" for one that is there or not
	help string
}

var asJSON = option{"json", "", "Print JSON for programs: one object a line."}

// commands returns all of them, in the order of help.
func commands() []command {
	return []command{
		{name: "serve", summary: "run the BFF, the task API and the admin server in one process", reads: forServe, run: serve},
		{name: "bff", summary: "run the BFF alone, in front of the API at BACKEND_URL", reads: forBFF, run: serve},
		{name: "api", summary: "run the task API alone", reads: forAPI, run: serve},
		{name: "migrate up", summary: "apply all pending migrations", reads: forMigrate, run: migrateUp},
		{name: "migrate down", summary: "take the last migration back, with the data it holds", reads: forMigrate, run: migrateDown},
		{name: "migrate status", summary: "list the migrations and which are applied", reads: forMigrate, run: migrateStatus},
		{name: "user list", summary: "list the users", reads: forData, options: []option{
			{"search", "TEXT", "Only users with this in their address or name."},
			{"disabled", "", "Only users who may not sign in."},
			asJSON,
		}, run: userList},
		{name: "user show", args: "USER", summary: "show a user, their accounts and sessions; USER is an address or an id", reads: forData, options: []option{asJSON}, run: userShow},
		{name: "user create", args: "EMAIL", summary: "make a user; the password is asked for, or read from standard input", reads: forPassword, options: []option{
			{"name", "TEXT", "Their name; else what stands before the @."},
			{"email-verified", "", "Take the address as verified."},
			asJSON,
		}, run: userCreate},
		{name: "user disable", args: "USER", summary: "keep a user from signing in, and end all their sessions", reads: forData, options: []option{asJSON}, run: userDisable},
		{name: "user enable", args: "USER", summary: "let a disabled user sign in again", reads: forData, options: []option{asJSON}, run: userEnable},
		{name: "user delete", args: "USER", summary: "delete a user with everything that is theirs", reads: forData, options: []option{
			{"yes", "", "Do not ask."},
			asJSON,
		}, run: userDelete},
		{name: "user sessions", args: "USER", summary: "list where a user is signed in", reads: forData, options: []option{asJSON}, run: userSessions},
		{name: "user revoke", args: "USER [SESSION]", summary: "end one session of a user, or with --all every one", reads: forData, options: []option{
			{"all", "", "End all their sessions."},
			asJSON,
		}, run: userRevoke},
		{name: "user set-password", args: "USER", summary: "give a user another password and end all their sessions; it is asked for, or read from standard input", reads: forPassword, options: []option{asJSON}, run: userSetPassword},
		{name: "audit", summary: "list what happened to accounts, the latest first", reads: forData, options: []option{
			{"user", "USER", "Only of this user: an address or an id, of a deleted user too."},
			{"email", "ADDRESS", "Only with this address as it was typed, an account's or not."},
			{"event", "NAME", "Only events of this kind, like sign-in-failed."},
			{"session", "SESSION", "Only of this session."},
			{"ip", "ADDRESS", "Only from this client."},
			{"request-id", "ID", "Only of this request."},
			{"since", "TIME", "Only from then on: a duration like 24h, a date or a time like 2026-03-01T10:00:00Z."},
			{"until", "TIME", "Only from before then."},
			{"limit", "N", "At most so many; 100 unless it is given, 0 for all."},
			asJSON,
		}, run: audit},
		{name: "version", summary: "print the version", reads: forVersion, run: printVersion},
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
	given, err := cmd.parse(rest)
	if errors.Is(err, flag.ErrHelp) {
		return p.help(cmd.name)
	}
	if err != nil {
		return err
	}
	cfg, err := load(cmd.reads, given.flags, p.getenv)
	if err != nil {
		return err
	}
	p.given = given
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

// given is what stood on the command line behind the command's name.
type given struct {
	flags   map[string]string // settings, by their flag
	options map[string]string // "true" for one that is only there
	args    []string
}

func (g given) has(option string) bool { return g.options[option] != "" }

// parse reads what stands behind the command's name, flags and arguments in any
// order. Its error is flag.ErrHelp or a usageError.
func (cmd command) parse(args []string) (given, error) {
	g := given{flags: map[string]string{}, options: map[string]string{}}
	var twice []string
	fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	into := func(values map[string]string, name string) func(string) error {
		return func(v string) error {
			if _, again := values[name]; again {
				twice = append(twice, "--"+name)
			}
			values[name] = v
			return nil
		}
	}
	for _, s := range cmd.reads.settings() {
		fs.Func(s.flag(), s.help, into(g.flags, s.flag()))
	}
	for _, o := range cmd.options {
		if o.arg == "" {
			fs.BoolFunc(o.name, o.help, into(g.options, o.name))
		} else {
			fs.Func(o.name, o.help, into(g.options, o.name))
		}
	}
	if unknown := unknownFlags(fs, args); len(unknown) > 0 {
		return g, usageError("unknown flag " + strings.Join(unknown, ", ") + seeHelp(cmd.name))
	}
	for rest := args; ; {
		err := fs.Parse(rest)
		if errors.Is(err, flag.ErrHelp) {
			return g, err
		}
		if err != nil {
			return g, usageError(err.Error() + seeHelp(cmd.name))
		}
		if fs.NArg() == 0 {
			break
		}
		g.args, rest = append(g.args, fs.Arg(0)), fs.Args()[1:]
	}
	if twice != nil {
		return g, usageError("given twice: " + strings.Join(twice, ", ") + "; separate several values by commas")
	}
	return g, cmd.checkArgs(g.args)
}

// checkArgs holds the arguments to those that the command takes.
func (cmd command) checkArgs(args []string) error {
	names := strings.Fields(cmd.args)
	for i, name := range names {
		if i >= len(args) && !strings.HasPrefix(name, "[") {
			return usageError(cmd.name + " lacks " + name + ": write vestibule " + cmd.name + " " + cmd.args)
		}
	}
	switch {
	case len(names) == 0 && len(args) > 0:
		return usageError("unexpected argument after " + cmd.name + ": settings are given as --name=value" + seeHelp(cmd.name))
	case len(args) > len(names):
		return usageError("unexpected argument after " + cmd.name + " " + cmd.args + seeHelp(cmd.name))
	}
	return nil
}

// unknownFlags finds the flags that fs does not have, to name them the way that
// the help spells flags, and without their values.
func unknownFlags(fs *flag.FlagSet, args []string) (unknown []string) {
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		if !strings.HasPrefix(args[i], "-") || args[i] == "-" {
			continue
		}
		name := strings.TrimPrefix(strings.TrimPrefix(flagName(args[i]), "-"), "-")
		known := fs.Lookup(name)
		switch {
		case name == "h" || name == "help":
		case known == nil:
			unknown = append(unknown, "--"+name)
		case !strings.Contains(args[i], "=") && !isBool(known):
			i++ // its value
		}
	}
	return unknown
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

func seeHelp(command string) string {
	if command != "" {
		command += " "
	}
	return "; see vestibule " + command + "--help"
}
