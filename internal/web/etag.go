package web

import (
	"errors"
	"strings"
)

// What is done about entity tags (RFC 9110 §8.8.3) that a server in front of us has
// rewritten. One that compresses an answer may not leave its strong tag as it is, and
// the client sends back what it was given:
//
//   - nginx, HAProxy, Cloudflare, Envoy and Traffic Server make it weak: W/"2";
//   - Apache and Caddy add the coding, "2-gzip", lighttpd too, and Jetty "2--gzip".
//
// Few of them undo that in If-None-Match, and none in If-Match, where a weak tag
// matches nothing (§13.1.1). A client behind one could then never save a change. So
// a tag of ours counts in these forms as what it was made of, and in no other: what
// we name by a tag is a version of a resource, of which a coding is no other version.
// To whom the bytes matter, as to a part of a file, that does not apply.

// Tag is an entity tag as a client has sent it.
type Tag struct {
	Text string // without quotes
	Weak bool
}

// codings are the suffixes that servers in front of us give to tags.
var codings = []string{"gzip", "br", "zstd", "deflate"}

// Sent returns what a tag of ours was, by its text, before a server in front of us
// rewrote it. A text that has no suffix is returned as it is.
func (t Tag) Sent() string {
	for _, coding := range codings {
		if text, ok := strings.CutSuffix(t.Text, "-"+coding); ok {
			return strings.TrimSuffix(text, "-")
		}
	}
	return t.Text
}

// Names says whether t is the tag with this text, also if it has been rewritten. The
// text may itself end like a rewritten one.
func (t Tag) Names(text string) bool { return t.Text == text || t.Sent() == text }

// MaxTags bounds a list of tags.
const MaxTags = 100

// ParseTags reads the lines of an If-Match or If-None-Match: * or a list of entity
// tags. Empty elements of a list are allowed (RFC 9110 §5.6.1).
func ParseTags(lines []string) (tags []Tag, any bool, err error) {
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

// cutTag reads the tag that a list begins with.
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
			return Tag{}, "", errors.New("an entity tag with a space or control character")
		}
	}
	if rest != "" && rest[0] != ',' {
		return Tag{}, "", errors.New("entity tags without a comma between")
	}
	return t, rest, nil
}

// Known says whether an If-None-Match with these lines names an answer whose ETag
// this is, in quotes. One that cannot be read is passed over: the answer itself harms
// nobody.
func Known(lines []string, etag string) bool {
	if lines == nil {
		return false
	}
	tags, any, err := ParseTags(lines)
	if err != nil {
		return false
	}
	text := strings.Trim(etag, `"`)
	for _, t := range tags { // weak ones too (RFC 9110 §13.1.2)
		any = any || t.Names(text)
	}
	return any
}
