package settings

import (
	"maps"
	"slices"
)

// A reload reads the files that NAME_FILE variables name again. Flags and variables of a process
// cannot change. The rules:
//
//   - Only the values of some settings are replaced: those with reload in the schema. All others
//     keep the value of the start, also where the new values are checked with them: a new table
//     of routes must not get half of its defaults from a file that nothing else has read.
//   - Each file must be readable and each new value right, also one that waits for a restart.
//     Otherwise the error is the same as that of a start, and nothing changes.

// given is what the settings were read from.
type given struct {
	by    Side
	flags map[string]string
	env   Environment
	files map[string]string // the values from files, by name of the setting
	// hasAPI says whether the process has run the task API since its start. A reload can take its
	// last route away and give it back.
	hasAPI bool
}

// Reloaded is what a reload has found.
type Reloaded struct {
	*Settings          // with the new values
	Changed   []string // the variables of changed files whose new values are in Settings, like ROUTES_FILE
	Restart   []string // those of changed files whose values only a restart takes up
	Read      int      // how many files were read
}

// Has reports whether the file of the setting name has changed and was taken up.
func (r *Reloaded) Has(name string) bool {
	return slices.Contains(r.Changed, name+fileSuffix)
}

// fileSuffix makes the variable that names the file of a setting.
const fileSuffix = "_FILE"

// reloading collects what a reload finds.
type reloading struct {
	before           map[string]string
	changed, restart []string
}

// choose returns the value of s to use: that of its file, or that of the start. Without a reload
// it is that of the file.
func (r *reloading) choose(s setting, text string) string {
	if r == nil {
		return text
	}
	before := r.before[s.name]
	switch {
	case text == before:
	case s.reload:
		r.changed = append(r.changed, s.name+fileSuffix)
	default:
		r.restart = append(r.restart, s.name+fileSuffix)
		return before
	}
	return text
}

// try checks a value that only a restart takes up: the next start would fail with a wrong one.
func (c *checker) try(text string) {
	trial := *c
	trial.faults, trial.values = nil, maps.Clone(c.values)
	c.now.check(&trial, text)
	c.faults = append(c.faults, trial.faults...)
}

// Reload reads the files again. Its error is Faults, with all mistakes. It does not change c.
func (c *Settings) Reload() (*Reloaded, error) {
	reading := &reloading{before: c.start.files}
	next, faults := examine(c.start, reading)
	if len(faults) > 0 {
		return nil, faults
	}
	if next.APIAddr != "" && !c.start.hasAPI {
		return nil, Faults{{
			Setting: "ROUTES_FILE",
			Problem: "has a route to the task API of this process, which does not run, because no route led to it at the start",
			Cure:    "restart vestibule to run it, or give each route an upstream",
		}}
	}
	next.Secret, next.SecretFile = c.Secret, c.SecretFile // a created one was read after the settings
	return &Reloaded{Settings: next, Changed: reading.changed, Restart: reading.restart, Read: len(next.start.files)}, nil
}
