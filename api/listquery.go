package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"vestibule/internal/endpoint"
	"vestibule/internal/web"
	"vestibule/store/tasks"
)

// Unknown parameters are ignored, because browser libraries, cache busters and links in
// mails add their own. A known parameter is obeyed or refused, never guessed.

// query is the known part of a request's query.
type query struct {
	values url.Values
	faults []web.FieldError
}

var errQuery = web.Refuse(http.StatusBadRequest, "INVALID_QUERY", "The query string cannot be read.")

// parseQuery reads the known parameters. A repeated parameter is a fault, because some
// programs take the first value and others the last.
func parseQuery(r *http.Request, known ...string) (*query, error) {
	given, err := web.ParseQuery(r.URL.RawQuery, known...)
	if err != nil {
		return nil, errQuery.Because(err)
	}
	q := &query{values: url.Values{}}
	for _, name := range known {
		switch values := given[name]; len(values) {
		case 0:
		default:
			q.reject(name, "was given more than once")
			fallthrough
		case 1:
			q.values[name] = values
		}
	}
	return q, nil
}

func (q *query) reject(name, message string) {
	q.faults = append(q.faults, web.FieldError{Field: name, Message: message})
}

// verdict returns all faults of the query at once.
func (q *query) verdict() error {
	if len(q.faults) == 0 {
		return nil
	}
	return invalidQuery(q.faults...)
}

func invalidQuery(faults ...web.FieldError) *web.Error {
	e := web.Refuse(http.StatusUnprocessableEntity, "INVALID_QUERY", "The request has invalid query parameters.")
	e.Fields = faults
	return e
}

// maxPage bounds the number of tasks on a page.
const maxPage = 200

// maxSearch bounds a search text, in code points.
const maxSearch = 255

// The values of sort. A leading - reverses the order.
var sorts = map[string]tasks.Order{"created_at": tasks.ByCreated, "updated_at": tasks.ByUpdated, "title": tasks.ByTitle}

// The parameters of a list, as they are documented.
var (
	limitParam = &endpoint.Param{Component: "Limit", Name: "limit", In: "query", Text: "How many tasks a page has",
		Schema: endpoint.Schema{"type": "integer", "minimum": 1, "maximum": maxPage}, Example: 50}
	cursorParam = &endpoint.Param{Component: "Cursor", Name: "cursor", In: "query", Schema: endpoint.Schema{"type": "string", "minLength": 1},
		Text: "Where the page begins: from the `Link` of the page before, for the same user, filter and order. Requires `limit`."}
	completedParam = &endpoint.Param{Component: "Completed", Name: "completed", In: "query", Text: "Only tasks that are, or are not, completed",
		Schema: endpoint.Schema{"type": "boolean"}, Example: false}
	searchParam = &endpoint.Param{Component: "Query", Name: "q", In: "query", Text: "Only tasks with this text in the title or description, in upper or lower case",
		Schema: endpoint.Schema{"type": "string", "maxLength": maxSearch}, Example: "plants"}
	sortParam = &endpoint.Param{Component: "Sort", Name: "sort", In: "query", Text: "The order; descending with `-`. Without it, oldest first.",
		Schema: endpoint.Schema{"type": "string", "enum": []any{"created_at", "updated_at", "title", "-created_at", "-updated_at", "-title"},
			// For generators of clients: a name cannot begin with a minus sign.
			"x-enum-varnames": []any{"CREATED_AT", "UPDATED_AT", "TITLE", "CREATED_AT_DESCENDING", "UPDATED_AT_DESCENDING", "TITLE_DESCENDING"}}, Example: "-created_at"}
)

// listQuery is the query of a list.
type listQuery struct {
	tasks.Query
	limit int // 0: all
	raw   url.Values
}

func readListQuery(r *http.Request, user string) (listQuery, error) {
	q, err := parseQuery(r, "limit", "cursor", "completed", "q", "sort")
	if err != nil {
		return listQuery{}, err
	}
	l := listQuery{raw: q.values}
	if q.values.Has("limit") {
		l.limit = q.limit()
	}
	if q.values.Has("completed") {
		switch v := q.values.Get("completed"); v {
		case "true", "false":
			l.Completed = new(v == "true")
		default:
			q.reject("completed", "must be true or false")
		}
	}
	l.Search = q.search()
	if q.values.Has("sort") {
		name, descending := strings.CutPrefix(q.values.Get("sort"), "-")
		by, known := sorts[name]
		if !known {
			q.reject("sort", "must be created_at, updated_at or title, or one of them with - before it")
		}
		l.By, l.Descending = by, descending
	}
	if q.values.Has("cursor") {
		position, err := readCursor(q.values.Get("cursor"), user, l.Query)
		switch {
		case err != nil && len(q.faults) == 0: // check it only if the rest of the query is valid
			q.reject("cursor", err.Error())
		case !q.values.Has("limit"):
			q.reject("limit", "is required with cursor")
		}
		l.After = &position
	}
	return l, q.verdict()
}

var limitMessage = fmt.Sprintf("must be a whole number from 1 to %d", maxPage)

func (q *query) limit() int {
	text := q.values.Get("limit")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage || strconv.Itoa(n) != text {
		q.reject("limit", limitMessage)
		return 0
	}
	return n
}

func (q *query) search() string {
	text := q.values.Get("q")
	switch {
	case !utf8.ValidString(text):
		q.reject("q", "must be UTF-8")
	case strings.ContainsRune(text, 0):
		q.reject("q", "must not contain NUL")
	case utf8.RuneCountInString(text) > maxSearch:
		q.reject("q", fmt.Sprintf("must have at most %d characters", maxSearch))
	}
	return text
}
