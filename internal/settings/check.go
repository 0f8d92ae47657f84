package settings

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"vestibule/bff"
)

// checker makes a config of what was given and notes everything that is wrong
// with it, instead of stopping at the first mistake.
type checker struct {
	Settings
	by     Side
	values map[string]value // by the setting's name
	now    setting          // the one being checked
	faults Faults
}

// value is what was given for a setting.
type value struct {
	text   string
	source source
	bad    bool // a fault was found in it
}

// mistake is what is wrong with a value, to read on from its name.
type mistake struct {
	problem string
	cure    string
}

// read finds the value of s and lets the schema's check have it.
func (c *checker) read(s setting, flags map[string]string, env Environment) {
	c.now = s
	text, from, err := s.read(flags, env)
	c.values[s.name] = value{text: text, source: from}
	var f Fault
	switch {
	case errors.As(err, &f):
		c.note(f)
	case text != "":
		s.check(c, text)
	}
}

// refuse notes a mistake in the setting that is being checked, or in one
// entry of it.
func (c *checker) refuse(entry string, m mistake) {
	c.refuseSetting(c.now, entry, m)
}

// refuseSetting notes a mistake in s.
func (c *checker) refuseSetting(s setting, entry string, m mistake) {
	f := Fault{Setting: s.name, Problem: m.problem, Cure: m.cure}
	if !s.secret && entry != "" {
		f.Value = Show(entry)
	}
	c.note(f)
}

func (c *checker) note(f Fault) {
	c.faults = append(c.faults, f)
	name := strings.TrimSuffix(f.Setting, "_FILE")
	v := c.values[name]
	v.bad = true
	c.values[name] = v
}

// given says whether the user gave the setting a value.
func (c *checker) given(name string) bool {
	v, ok := c.values[name]
	return ok && v.text != "" && v.source != fromDefault
}

// allGiven describes what the user gave values to, for the log.
func (c *checker) allGiven() []slog.Attr {
	var all []slog.Attr
	for _, s := range c.by.settings() {
		if !c.given(s.name) {
			continue
		}
		v := c.values[s.name]
		if s.secret {
			v.text = "(not shown)"
		}
		all = append(all, slog.Group(s.name, "value", v.text, "from", string(v.source)))
	}
	return all
}

// sound says whether the command reads all of these settings and found no
// fault in them, so that a rule between them makes sense.
func (c *checker) valid(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		v, ok := c.values[name]
		return !ok || v.bad
	})
}

// conflict notes that the settings name and others do not go together.
func (c *checker) conflict(name string, m mistake) {
	for _, s := range c.by.settings() {
		if s.name == name {
			c.refuseSetting(s, c.values[name].text, m)
		}
	}
}

// oneOf reads one of a few words.
func oneOf[T any](c *checker, v string, choices []choice[T]) T {
	words := make([]string, len(choices))
	for i, choice := range choices {
		if choice.word == v {
			return choice.means
		}
		words[i] = choice.word
	}
	last := len(words) - 1
	c.refuse(v, mistake{"is unknown", "use " + strings.Join(words[:last], ", ") + " or " + words[last]})
	var none T
	return none
}

// list splits at commas, where spaces may follow.
func (c *checker) list(v string) []string {
	entries := strings.Split(v, ",")
	for i := range entries {
		entries[i] = strings.TrimSpace(entries[i])
	}
	if slices.Contains(entries, "") {
		c.refuse(v, mistake{"has an empty entry", "separate the entries by single commas"})
		entries = slices.DeleteFunc(entries, func(entry string) bool { return entry == "" })
	}
	return entries
}

func (c *checker) duration(v string, shortest, longest time.Duration) time.Duration {
	d, m := parseDuration(v, shortest, longest)
	if m != nil {
		c.refuse(v, *m)
	}
	return d
}

// lifetime is a duration in the whole seconds that cookies count.
func (c *checker) lifetime(v string, shortest, longest time.Duration) time.Duration {
	d := c.duration(v, shortest, longest)
	if d%time.Second != 0 {
		c.refuse(v, mistake{"is not whole seconds, which cookies count in", "use a value like 168h, 30m or 45s"})
	}
	return d
}

// retention is a duration, or 0 for ever. What is kept for less than an hour need
// not be written.
func (c *checker) retention(v string) time.Duration {
	if v == "0" {
		return 0
	}
	return c.duration(v, time.Hour, 87600*time.Hour)
}

func (c *checker) number(v string, least, most int) int {
	n, m := parseNumber(v, least, most)
	if m != nil {
		c.refuse(v, *m)
	}
	return n
}

func (c *checker) size(v string) int64 {
	n, m := parseSize(v)
	if m != nil {
		c.refuse(v, *m)
	}
	return n
}

// zeroMeansNone says 0 as bff.Config says that there is no limit.
func zeroMeansNone[N ~int | ~int64](n N) N {
	if n == 0 {
		return bff.None
	}
	return n
}

func (c *checker) text(v string) string {
	if m := checkText(v); m != nil {
		c.refuse(v, *m)
	}
	return v
}
