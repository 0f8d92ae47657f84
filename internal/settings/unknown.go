package settings

import (
	"maps"
	"slices"
	"strings"
)

// A variable that was clearly meant for this program, but that no command reads, is a
// mistake: the operator believes that the setting has an effect, for example that it
// closes sign-up. These variables are refused:
//
//   - settings of planned later versions;
//   - settings of Better Auth, found by their prefix, because this program replaces it;
//   - misspelt settings: one letter added, missing or wrong, two letters swapped, wrong
//     underscores, or singular instead of plural. The name must be long enough that no
//     other program uses it, and the correct name must not be set too;
//   - all of these followed by _FILE.
//
// Variables of other programs in the same environment must not be refused. Settings of
// other commands of this program are allowed, because processes may share one file of
// settings.

// Environment holds environment variables by name.
type Environment map[string]string

// NewEnvironment reads NAME=value lines.
func NewEnvironment(variables []string) Environment {
	env := Environment{}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		if _, again := env[name]; !again { // the first value counts, as in the C library
			env[name] = value
		}
	}
	return env
}

// betterAuthNames maps names that Better Auth uses, and other common names, to our
// settings.
var betterAuthNames = map[string]string{
	"BETTER_AUTH_URL":             "BASE_URL",
	"BETTER_AUTH_BASE_URL":        "BASE_URL",
	"BETTER_AUTH_TRUSTED_ORIGINS": "TRUSTED_ORIGINS",
	"BETTER_AUTH_SECRETS":         "BETTER_AUTH_SECRET and BETTER_AUTH_SECRET_PREVIOUS",
	"SIGNUP":                      "SIGN_UP",
}

const (
	betterAuthPrefix = "BETTER_AUTH_"
	ownPrefix        = "VESTIBULE_"
	// minTypoLength is the length in bytes from which a similar name is treated as a
	// typing error. Shorter names such as DATABASE_URI, JWT_ALGORITHMS and JWT_EXPIRE_IN
	// may be settings of other programs.
	minTypoLength = 15
)

// unknownVariables refuses variables that were meant for this program but that no
// command reads.
func (c *checker) unknownVariables(env Environment) {
	if c.by == ForVersion {
		return
	}
	known := allNames()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		bare := strings.TrimSuffix(name, "_FILE")
		if env[name] == "" || known[bare] {
			continue
		}
		if m := c.unknownVariable(bare, known, env); m != nil {
			c.note(Fault{Setting: name, Problem: m.problem, Cure: m.cure})
		}
	}
}

// unknownVariable returns the mistake in the name of a variable that is not a setting,
// or nil if the variable belongs to another program.
func (c *checker) unknownVariable(name string, known map[string]bool, env Environment) *mistake {
	const problem = "is read by no command of this version"
	if meant := c.misspelt(name, env); meant != "" {
		return &mistake{"is not a setting", "write " + meant + ", or unset it if another program reads it"}
	}
	if c.by&(ForServe|ForBFF|ForAPI) == 0 {
		return nil // other commands start no server that a missing setting could leave open
	}
	ours, isTheirs := betterAuthNames[name]
	switch {
	case isTheirs:
		return &mistake{problem, "set " + ours + " instead, and unset it"}
	case strings.HasPrefix(name, betterAuthPrefix):
		return &mistake{problem, "unset it; docs/configuration.md lists all settings"}
	case known[strings.TrimPrefix(name, ownPrefix)] && strings.HasPrefix(name, ownPrefix):
		return &mistake{problem, "write " + strings.TrimPrefix(name, ownPrefix) + ": the names of settings have no prefix"}
	}
	return nil
}

// allNames returns the names of the settings of all commands.
func allNames() map[string]bool {
	names := map[string]bool{}
	for _, g := range schema {
		for _, s := range g.settings {
			names[s.name] = true
		}
	}
	return names
}

// misspelt returns the setting of this command that name is a misspelling of, or "".
func (c *checker) misspelt(name string, env Environment) string {
	for _, s := range c.by.settings() {
		if len(s.name) < minTypoLength || c.given(s.name) || env[s.name] != "" {
			continue
		}
		if oneTypo(name, s.name) || sameWords(name, s.name) {
			return s.name
		}
	}
	return ""
}

// oneTypo reports whether a and b differ by at most one letter that was added, removed
// or replaced, or by two neighbouring letters that were swapped.
func oneTypo(a, b string) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}

// sameWords reports whether a and b are equal without underscores and plurals.
func sameWords(a, b string) bool { return withoutPlurals(a) == withoutPlurals(b) }

func withoutPlurals(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words {
		if stem, ok := strings.CutSuffix(word, "IES"); ok {
			words[i] = stem + "Y"
		} else {
			words[i] = strings.TrimSuffix(word, "S")
		}
	}
	return strings.Join(words, "")
}
