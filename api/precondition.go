package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"vestibule/internal/web"
	"vestibule/store"
)

// entityTag is the strong ETag of a task (RFC 9110 §8.8.3). The version is enough:
// a tag is only ever compared with those of the same resource, and no id is used
// for another task.
func entityTag(t store.Task) string {
	return `"` + strconv.FormatInt(t.Version, 10) + `"`
}

// ifMatch returns the versions that a request is meant for, nil for any.
func ifMatch(r *http.Request) (store.Versions, error) {
	sent := r.Header["If-Match"]
	if sent == nil {
		return nil, nil
	}
	tags, any, err := parseTags(strings.Join(sent, ","))
	if err != nil {
		return nil, badHeader("If-Match", `must be * or a list of entity tags like "3"`).Because(err)
	}
	if any {
		return nil, nil
	}
	only := store.Versions{}
	for _, tag := range tags {
		// A weak tag never matches here (RFC 9110 §13.1.1), and one that is not
		// ours is that of no version.
		if n, err := strconv.ParseInt(tag.text, 10, 64); !tag.weak && err == nil && entityTag(store.Task{Version: n}) == `"`+tag.text+`"` {
			only = append(only, n)
		}
	}
	return only, nil
}

// ifNoneMatch says whether a change is meant only for a task that is not there, which
// none can be: nothing creates a task under an id. As a condition on versions, what
// If-Match says better, it is refused; to ignore it would be to change the task in
// spite of it.
func ifNoneMatch(r *http.Request) (any bool, err error) {
	sent := r.Header["If-None-Match"]
	if sent == nil {
		return false, nil
	}
	if _, any, err = parseTags(strings.Join(sent, ",")); err != nil || !any {
		return false, badHeader("If-None-Match", "must be * with this method; name versions in If-Match").Because(err)
	}
	return true, nil
}

// notModified reports whether the caller has this version already. A header that
// cannot be read is passed over: the task as it is harms nobody.
func notModified(r *http.Request, t store.Task) bool {
	sent := r.Header["If-None-Match"]
	if sent == nil {
		return false
	}
	tags, any, err := parseTags(strings.Join(sent, ","))
	if err != nil {
		return false
	}
	for _, tag := range tags { // weak ones too (RFC 9110 §13.1.2)
		any = any || `"`+tag.text+`"` == entityTag(t)
	}
	return any
}

type tag struct {
	text string // without quotes
	weak bool
}

// maxTags bounds a list of tags, which becomes part of a statement.
const maxTags = 100

// parseTags reads * or a list of entity tags (RFC 9110 §8.8.3). Empty elements of
// a list are allowed (§5.6.1).
func parseTags(list string) (tags []tag, any bool, err error) {
	if strings.Trim(list, " \t") == "*" {
		return nil, true, nil
	}
	rest := list
	for {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			break
		}
		var t tag
		rest, t.weak = strings.CutPrefix(rest, "W/")
		quoted, ok := strings.CutPrefix(rest, `"`)
		end := strings.IndexByte(quoted, '"')
		if !ok || end < 0 {
			return nil, false, errors.New("not an entity tag")
		}
		t.text, rest = quoted[:end], strings.TrimLeft(quoted[end+1:], " \t")
		for _, c := range []byte(t.text) {
			if c <= ' ' || c == 0x7f {
				return nil, false, errors.New("an entity tag with a space or control character")
			}
		}
		if rest != "" && rest[0] != ',' {
			return nil, false, errors.New("entity tags without a comma between")
		}
		if tags = append(tags, t); len(tags) > maxTags {
			return nil, false, errors.New("too many entity tags")
		}
	}
	if tags == nil {
		return nil, false, errors.New("empty")
	}
	return tags, false, nil
}

// badHeader refuses a header that cannot be understood.
func badHeader(name, message string) *web.Error {
	e := web.Refuse(http.StatusBadRequest, "INVALID_HEADER", "The request has a header that is not valid.")
	e.Fields = []web.FieldError{{Field: name, Message: message}}
	return e
}
