package main

import (
	"errors"
	"flag"
	"io"
	"slices"
	"strconv"
	"strings"

	"vestibule/internal/settings"
)

// parsedArgs holds the arguments after the name of the command.
type parsedArgs struct {
	flags   map[string]string // settings, by flag
	options map[string]string // options of the command; "true" if the option takes no value
	args    []string
}

func (g parsedArgs) has(option string) bool { return g.options[option] != "" }

// parse reads the arguments after the name of the command. Flags and other arguments may
// come in any order. Its error is flag.ErrHelp or a usageError.
func (cmd command) parse(args []string) (parsedArgs, error) {
	g := parsedArgs{flags: map[string]string{}, options: map[string]string{}}
	var twice, wrong []string
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
	switches := cmd.reads.Switches()
	for _, name := range cmd.reads.Names() {
		define := fs.Func
		if slices.Contains(switches, name) {
			define = fs.BoolFunc
		}
		define(settings.Flag(name), "", into(g.flags, settings.Flag(name)))
	}
	args = joinSwitches(fs, args)
	for _, o := range cmd.options {
		set := into(g.options, o.name)
		value := func(text string) error {
			text, fault := o.read(text)
			if fault != "" {
				wrong = append(wrong, fault)
			}
			return set(text)
		}
		if o.arg == "" {
			fs.BoolFunc(o.name, o.help, value)
		} else {
			fs.Func(o.name, o.help, value)
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
	if wrong != nil {
		return g, usageError(strings.Join(wrong, "; ") + seeHelp(cmd.name))
	}
	return g, cmd.checkArgs(g.args)
}

// joinSwitches writes “--migrate true” as --migrate=true. The flag package would take the word for
// an argument, because a switch needs no value.
func joinSwitches(fs *flag.FlagSet, args []string) (joined []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		known := fs.Lookup(strings.TrimLeft(arg, "-"))
		if strings.HasPrefix(arg, "-") && known != nil && isBool(known) && i+1 < len(args) && (args[i+1] == "true" || args[i+1] == "false") {
			i++
			arg += "=" + args[i]
		}
		joined = append(joined, arg)
	}
	return joined
}

// isList reports whether the value of an option is a list.
func (o option) isList() bool { return strings.HasSuffix(o.arg, "…") }

// read returns the value of an option as the command gets it, or what is wrong with it. An option
// without a value that is switched off counts as not given. An empty value is a mistake: a script
// gives one if its variable is not set, and the command would do as if the option was not there.
func (o option) read(text string) (value, wrong string) {
	switch {
	case o.arg != "" && strings.TrimSpace(text) == "", o.isList() && len(words(text)) == 0:
		return text, "--" + o.name + " has no value: give one, or leave the option out"
	case o.arg != "":
		return text, ""
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return "", "--" + o.name + "=" + settings.Show(text) + " is neither true nor false: leave the value out to switch the option on"
	}
	if !on {
		return "", ""
	}
	return "true", ""
}

// checkArgs checks that args are the arguments that the command takes.
func (cmd command) checkArgs(args []string) error {
	names := strings.Fields(cmd.args)
	for i, name := range names {
		if i >= len(args) && !strings.HasPrefix(name, "[") {
			return usageError(cmd.name + " lacks " + name + "; use vestibule " + cmd.name + " " + cmd.args)
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

// unknownFlags returns the flags that fs does not have. It returns all of them, spelled
// as in the help and without values, which may be secret.
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
			i++ // skip the value of the flag
		}
	}
	return unknown
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}
