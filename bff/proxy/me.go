package proxy

import (
	"net/url"
	"strings"
)

// me is the path segment that stands for the user's ID on a route that asks for it. The ID is not
// known to a page that has not asked for the session yet.
const me = "me"

// forUser puts the ID of the user in the place of each segment me, in a path that is given twice:
// decoded, and as it was written. Both have the same segments, because a path with an escaped
// slash is refused.
func forUser(decoded, raw, user string) (string, string) {
	if !strings.Contains(decoded, me) {
		return decoded, raw
	}
	segments, written := strings.Split(decoded, "/"), strings.Split(raw, "/")
	for i, segment := range segments {
		if segment == me {
			segments[i], written[i] = user, url.PathEscape(user)
		}
	}
	return strings.Join(segments, "/"), strings.Join(written, "/")
}
