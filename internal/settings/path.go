package settings

import (
	"regexp"
)

// shellSyntax are the parts of a path that a shell replaces, and nobody else: ~ at its
// beginning, and $NAME.
var shellSyntax = regexp.MustCompile(`^~[^/]*(/|$)|\$[A-Za-z_{(]`)

// unexpanded says what is wrong with a path that was meant for a shell and has not
// passed through one: compose files, unit files, quotes and sqlite:~/x.db keep it as it
// is. Taken literally it would be a new folder with that name, and data in it that
// nobody finds again.
func unexpanded(path, example string) *mistake {
	if !shellSyntax.MatchString(path) {
		return nil
	}
	return &mistake{"has a ~ or $NAME that only a shell replaces", "write the whole path, like " + example}
}
