package settings

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"vestibule/bff"
	"vestibule/bff/token"
)

// checker builds Settings from the given values. It collects all faults instead of
// stopping at the first one.
type checker struct {
	Settings
	by     Side
	values map[string]value // by name of the setting
	now    setting          // the setting that is being checked
	// reading is the reload for which the settings are read; nil at the start.
	reading *reloading
	env     Environment
	faults  Faults
}

// value is the value of one setting and its source.
type value struct {
	text   string
	source source
	file   string // the file that NAME_FILE names
	bad    bool   // the value has a fault
}

// mistake describes a wrong value. The problem continues a sentence that starts with
// the name of the setting.
type mistake struct {
	problem string
	cure    string
}

// read finds the value of s and passes it to the check of s.
func (c *checker) read(s setting, flags map[string]string, env Environment) {
	c.now = s
	text, from, err := s.read(flags, env)
	if from == fromFile && err == nil {
		found := text
		if text = c.reading.choose(s, found); text != found {
			c.try(found)
		}
		c.start.files[s.name] = text
	}
	c.values[s.name] = value{text: text, source: from, file: env[s.name+"_FILE"]}
	if from == fromFile && s.secret {
		c.SecretValueFiles = append(c.SecretValueFiles, ValueFile{s.name + "_FILE", env[s.name+"_FILE"]})
	}
	var f Fault
	switch {
	case errors.As(err, &f):
		c.note(f)
	case text != "":
		s.check(c, text)
	}
}

// refuse records a mistake in the setting that is being checked. entry is the wrong
// value, or the wrong entry of a list.
func (c *checker) refuse(entry string, m mistake) {
	if better := leftover(c.values[c.now.name].text); better != nil {
		m = *better
	}
	c.refuseSetting(c.now, entry, m)
}

// refuseSetting records a mistake in s. It never repeats the value of a secret.
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

// given reports whether the setting has a value that is not its default.
func (c *checker) given(name string) bool {
	v, ok := c.values[name]
	return ok && v.text != "" && v.source != fromDefault
}

// allGiven returns the settings that are not left at their default, for the log.
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
		if len(v.text) > maxLogged {
			v.text = strings.ToValidUTF8(v.text[:maxLogged], "") + "…"
		}
		all = append(all, slog.Group(s.name, "value", v.text, "from", string(v.source)))
	}
	return all
}

// maxLogged bounds how much of a value the log repeats, in bytes.
const maxLogged = 4000

// valid reports whether the command reads all of these settings and none of them has
// a fault. Only then can a rule compare them.
func (c *checker) valid(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		v, ok := c.values[name]
		return !ok || v.bad
	})
}

// conflict records that the value of the setting name contradicts another setting.
func (c *checker) conflict(name string, m mistake) {
	for _, s := range c.by.settings() {
		if s.name == name {
			c.refuseSetting(s, c.values[name].text, m)
		}
	}
}

// oneOf returns the meaning of the word v.
func oneOf[T any](c *checker, v string, choices []choice[T]) T {
	for _, choice := range choices {
		if choice.word == v {
			return choice.means
		}
	}
	words := wordsOf(choices)
	last := len(words) - 1
	c.refuse(v, mistake{"is unknown", "use " + strings.Join(words[:last], ", ") + " or " + words[last]})
	var none T
	return none
}

// list splits a comma-separated list and removes spaces around the entries.
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

// lifetime reads a duration in whole seconds, the unit of a cookie's Max-Age.
func (c *checker) lifetime(v string, shortest, longest time.Duration) time.Duration {
	d := c.duration(v, shortest, longest)
	if d%time.Second != 0 {
		c.refuse(v, mistake{"is not a whole number of seconds", "use a value like 168h, 30m or 45s"})
	}
	return d
}

// retention reads a duration of at least an hour, or 0 to keep data forever.
func (c *checker) retention(v string) time.Duration {
	if v == "0" {
		return 0
	}
	return c.duration(v, time.Hour, 87600*time.Hour)
}

// rotation reads how long a signing key is used, or 0 to use it until an operator acts.
func (c *checker) rotation(v string) time.Duration {
	if v == "0" {
		return 0
	}
	d, m := parseDuration(v, token.ShortestRotation, longestRotation)
	if m != nil {
		c.refuse(v, mistake{m.problem, m.cure + ", or 0 to replace keys only with vestibule keys rotate"})
	}
	return d
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

// zeroMeansNone translates 0, which means "no limit" in a setting, into bff.None,
// which means "no limit" in bff.Config.
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
