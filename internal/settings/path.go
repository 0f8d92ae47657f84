package settings

import (
	"regexp"
)

// shellSyntax matches the parts of a path that only a shell expands: a leading ~, and
// $NAME.
var shellSyntax = regexp.MustCompile(`^~[^/]*(/|$)|\$[A-Za-z_{(]`)

// unexpanded refuses a path with shell syntax. No shell expands it in compose files,
// unit files, quotes or sqlite:~/x.db. Used literally, it would name a new folder such
// as "~", and the user would not find the data there.
func unexpanded(path, example string) *mistake {
	if !shellSyntax.MatchString(path) {
		return nil
	}
	return &mistake{"has a ~ or $NAME, which only a shell replaces", "write the full path, like " + example}
}
