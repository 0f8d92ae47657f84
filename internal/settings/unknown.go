package settings

import (
	"maps"
	"slices"
	"strings"
)

// A variable that nobody reads is a mistake where it was clearly meant for this
// program: whoever sets it believes that a door is closed. The rules, which must
// hit no name of other programs in the same environment:
//
//   - What later versions read and this one does not.
//   - What Better Auth reads, by its prefix. It is the program that this one stands
//     in for.
//   - A name of ours that is misspelt: with one letter more, less or wrong, two
//     changed places, other underscores, or in the singular. Only of names that are
//     long enough to be nobody else's, and only where the right one is not set too.
//   - All of these with _FILE behind them.
//
// A setting of another of our commands is fine: processes may share a file.

// Environment is the variables that were set.
type Environment map[string]string

// NewEnvironment reads NAME=value lines.
func NewEnvironment(variables []string) Environment {
	env := Environment{}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		if _, again := env[name]; !again { // the first one counts, for the C library too
			env[name] = value
		}
	}
	return env
}

// futureSettings are the settings of later versions, and what to do without them.
var futureSettings = map[string]string{
	"ROUTES":              "use BACKEND_URL, the one upstream of this version",
	"FORWARD_AUTH_ADDR":   "send requests through the BFF instead",
	"JWT_KEY_ROTATION":    "leave it out; signing keys stay until they are replaced by hand",
	"JWT_TYPE":            "leave it out; tokens have the typ that docs/api.md says",
	"DATABASE_LISTEN_URL": "set DATABASE_URL to a direct connection, not to a pooler's",
	"DATABASE_MAX_CONNS":  "leave it out",
	"DRAIN_DELAY":         "leave it out; a stop waits for whoever asks /readyz",
}

// betterAuthNames are the names that Better Auth or a habit has for settings of ours.
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
	// minTypoLength is from which length on, in bytes, a name that is almost one of ours is
	// a slip and not another program's: DATABASE_URI, JWT_ALGORITHMS and JWT_EXPIRE_IN
	// are other programs' too.
	minTypoLength = 15
)

// unread notes variables that were meant for this program and that no command reads.
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

// unknownVariable says what is wrong with a name that is not ours, or nil.
func (c *checker) unknownVariable(name string, known map[string]bool, env Environment) *mistake {
	const problem = "is read by no command of this version"
	if meant := c.misspelt(name, env); meant != "" {
		return &mistake{"is not a setting", "write " + meant + ", or unset it if another program reads it"}
	}
	if c.by&(ForServe|ForBFF|ForAPI) == 0 {
		return nil // the others start nothing that a setting could leave open
	}
	cure, later := futureSettings[name]
	ours, isTheirs := betterAuthNames[name]
	switch {
	case later:
		return &mistake{problem, cure}
	case isTheirs:
		return &mistake{problem, "set " + ours + " instead, and unset it"}
	case strings.HasPrefix(name, betterAuthPrefix):
		return &mistake{problem, "unset it; docs/configuration.md has the settings there are"}
	case known[strings.TrimPrefix(name, ownPrefix)] && strings.HasPrefix(name, ownPrefix):
		return &mistake{problem, "write " + strings.TrimPrefix(name, ownPrefix) + ": no setting has a prefix"}
	}
	return nil
}

// allNames are those of every command.
func allNames() map[string]bool {
	names := map[string]bool{}
	for _, g := range schema {
		for _, s := range g.settings {
			names[s.name] = true
		}
	}
	return names
}

// misspelt returns the setting of this command that name was meant for, or "".
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

// oneTypo says whether b is a with one letter more, less or other, or with two
// neighbours that have changed places.
func oneTypo(a, b string) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}

// sameWords compares without underscores and plurals.
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
