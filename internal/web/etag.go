package web

import (
	"errors"
	"strings"
)

// A server in front of us may rewrite entity tags (RFC 9110 §8.8.3). If it compresses an
// answer, it may not keep the strong tag. The client then sends back the rewritten tag:
//
//   - nginx, HAProxy, Cloudflare, Envoy and Traffic Server make it weak: W/"2".
//   - Apache, Caddy and lighttpd add the coding, "2-gzip". Jetty sends "2--gzip".
//
// Few of them undo this in If-None-Match, and none in If-Match, where a weak tag matches
// nothing (§13.1.1). A client behind such a server could then never save a change. So we
// accept these forms, and no others, for the original tag. Our tags name the version of a
// resource, and compression does not change the version. This would be wrong where exact
// bytes matter, as in range requests.

// Tag is an entity tag as the client sent it.
type Tag struct {
	Text string // without quotes
	Weak bool
}

// codings are the suffixes that servers in front of us append to tags.
var codings = []string{"gzip", "br", "zstd", "deflate"}

// Sent returns the text of our tag before a server in front of us rewrote it. A text
// without a suffix is returned unchanged.
func (t Tag) Sent() string {
	for _, coding := range codings {
		if text, ok := strings.CutSuffix(t.Text, "-"+coding); ok {
			return strings.TrimSuffix(text, "-")
		}
	}
	return t.Text
}

// Names reports whether t is the tag with this text, rewritten or not. The text itself may
// end like a rewritten tag.
func (t Tag) Names(text string) bool { return t.Text == text || t.Sent() == text }

// MaxTags bounds a list of tags.
const MaxTags = 100

// ParseTags reads the lines of an If-Match or If-None-Match: * or a list of entity
// tags. Empty elements of a list are allowed (RFC 9110 §5.6.1).
func ParseTags(lines []string) (tags []Tag, star bool, err error) {
	list := strings.Join(lines, ",")
	if strings.Trim(list, " \t") == "*" {
		return nil, true, nil
	}
	for {
		list = strings.TrimLeft(list, " \t,")
		if list == "" {
			break
		}
		var t Tag
		if t, list, err = cutTag(list); err != nil {
			return nil, false, err
		}
		if tags = append(tags, t); len(tags) > MaxTags {
			return nil, false, errors.New("too many entity tags")
		}
	}
	if tags == nil {
		return nil, false, errors.New("empty")
	}
	return tags, false, nil
}

// cutTag reads the first tag of a list.
func cutTag(list string) (t Tag, rest string, err error) {
	rest, t.Weak = strings.CutPrefix(list, "W/")
	quoted, ok := strings.CutPrefix(rest, `"`)
	end := strings.IndexByte(quoted, '"')
	if !ok || end < 0 {
		return Tag{}, "", errors.New("not an entity tag")
	}
	t.Text, rest = quoted[:end], strings.TrimLeft(quoted[end+1:], " \t")
	for _, c := range []byte(t.Text) {
		if c <= ' ' || c == 0x7f {
			return Tag{}, "", errors.New("an entity tag contains a space or a control character")
		}
	}
	if rest != "" && rest[0] != ',' {
		return Tag{}, "", errors.New("no comma between entity tags")
	}
	return t, rest, nil
}

// Known reports whether an If-None-Match with these lines names this quoted ETag. An
// unreadable header is ignored: sending the full answer does no harm.
func Known(lines []string, etag string) bool {
	if lines == nil {
		return false
	}
	tags, known, err := ParseTags(lines)
	if err != nil {
		return false
	}
	text := strings.Trim(etag, `"`)
	for _, t := range tags { // weak ones too (RFC 9110 §13.1.2)
		known = known || t.Names(text)
	}
	return known
}
