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
var (
	sorts     = map[string]tasks.Order{"created_at": tasks.ByCreated, "updated_at": tasks.ByUpdated, "title": tasks.ByTitle, "position": tasks.ByPosition, "due_on": tasks.ByDue}
	sortNames = []string{"created_at", "updated_at", "title", "position", "due_on"}
)

// The parameters of a list, as they are documented.
var (
	limitParam = &endpoint.Param{Component: "Limit", Name: "limit", In: "query", Text: "How many tasks a page has",
		Schema: endpoint.Schema{"type": "integer", "minimum": 1, "maximum": maxPage}, Example: 50}
	cursorParam = &endpoint.Param{Component: "Cursor", Name: "cursor", In: "query", Schema: endpoint.Schema{"type": "string", "minLength": 1},
		Text: "Where the page begins: from the `Link` of the page before, for the same user, filter and order. Requires `limit`."}
	completedParam = &endpoint.Param{Component: "Completed", Name: "completed", In: "query", Text: "Only tasks that are, or are not, completed",
		Schema: endpoint.Schema{"type": "boolean"}, Example: false}
	searchParam = &endpoint.Param{Component: "Query", Name: "q", In: "query", Text: "Only tasks with this text in the title or description, whatever the case and the accents",
		Schema: endpoint.Schema{"type": "string", "maxLength": maxSearch}, Example: "plants"}
	dueFromParam = &endpoint.Param{Component: "DueFrom", Name: "due_from", In: "query", Text: "Only tasks that are due on this day or later",
		Schema: endpoint.Schema{"type": "string", "format": "date", "pattern": datePattern}, Example: "2026-02-14"}
	dueToParam = &endpoint.Param{Component: "DueTo", Name: "due_to", In: "query", Text: "Only tasks that are due on this day or earlier",
		Schema: endpoint.Schema{"type": "string", "format": "date", "pattern": datePattern}, Example: "2026-02-14"}
	hasDueParam = &endpoint.Param{Component: "HasDue", Name: "has_due", In: "query", Text: "Only tasks that have, or do not have, a day on which they are due",
		Schema: endpoint.Schema{"type": "boolean"}, Example: true}
	sortParam = &endpoint.Param{Component: "Sort", Name: "sort", In: "query", Text: "The order; descending with `-`. Without it, oldest first. By `due_on`, tasks without one come last in both directions.",
		Schema: sortSchema(), Example: "-created_at"}
)

func sortSchema() endpoint.Schema {
	var values, names []any // names for generators of clients: a name cannot begin with a minus sign
	for _, suffix := range []string{"", "_DESCENDING"} {
		for _, name := range sortNames {
			value := name
			if suffix != "" {
				value = "-" + name
			}
			values, names = append(values, value), append(names, strings.ToUpper(name)+suffix)
		}
	}
	return endpoint.Schema{"type": "string", "enum": values, "x-enum-varnames": names}
}

// listQuery is the query of a list.
type listQuery struct {
	tasks.Query
	limit int // 0: all
	raw   url.Values
}

func readListQuery(r *http.Request, user string) (listQuery, error) {
	q, err := parseQuery(r, "limit", "cursor", "completed", "q", "sort", "due_from", "due_to", "has_due")
	if err != nil {
		return listQuery{}, err
	}
	l := listQuery{raw: q.values}
	if q.values.Has("limit") {
		l.limit = q.limit()
	}
	l.Completed = q.truth("completed")
	l.Due = q.due()
	l.Search = q.search()
	if q.values.Has("sort") {
		name, descending := strings.CutPrefix(q.values.Get("sort"), "-")
		by, known := sorts[name]
		if !known {
			q.reject("sort", "must be created_at, updated_at, title, position or due_on, or one of them with - before it")
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

// truth returns nil if the parameter is not given.
func (q *query) truth(name string) *bool {
	if !q.values.Has(name) {
		return nil
	}
	switch v := q.values.Get(name); v {
	case "true", "false":
		return new(v == "true")
	}
	q.reject(name, "must be true or false")
	return nil
}

// due returns the range of dates, or nil for any.
func (q *query) due() *tasks.Due {
	has, from, to := q.truth("has_due"), q.date("due_from"), q.date("due_to")
	ranged := q.values.Has("due_from") || q.values.Has("due_to")
	switch {
	case has != nil && !*has && ranged:
		q.reject("has_due", "must not be false with due_from or due_to: leave one of them out")
	case has != nil && !*has:
		return tasks.NotDue()
	case from != "" && to != "" && to < from:
		q.reject("due_to", "must not be before due_from")
	case has != nil || ranged:
		return tasks.DueBetween(from, to)
	}
	return nil
}

func (q *query) date(name string) string {
	text := q.values.Get(name)
	if q.values.Has(name) && !isDate(text) {
		q.reject(name, dateMessage)
	}
	return text
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
