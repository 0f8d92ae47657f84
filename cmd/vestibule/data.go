package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"vestibule/internal/web"
	"vestibule/store"
)

// withData runs f on the database, which must be there and migrated: a command
// about users must not make an empty one where the path was mistyped.
func withData(ctx context.Context, c *config, f func(*store.Store) error) error {
	if path := c.database.sqlite; path != "" {
		if _, err := os.Stat(path); err != nil {
			return failure{fault: fault{setting: "DATABASE_URL", problem: "names a file that cannot be opened", cure: "name the one that vestibule serve uses"}, cause: err}
		}
	}
	db, err := store.Open(ctx, c.database.url)
	if err != nil {
		return databaseFailure(c.database, err)
	}
	err = db.CheckMigrated(ctx)
	if err == nil {
		err = f(db)
	}
	closeErr := db.Close()
	var told refusal
	var usage usageError
	switch {
	case errors.As(err, &told), errors.As(err, &usage):
		return err
	case err != nil:
		return databaseFailure(c.database, err)
	}
	return closeErr
}

// refusal is what a command will not or cannot do, told in one line.
type refusal string

func (r refusal) Error() string { return string(r) }

// operatorEvent begins an event that somebody at the command line causes.
func operatorEvent(kind string) store.Event {
	e := store.Event{At: time.Now().UTC(), Type: kind, Actor: store.ActorOperator}
	if u, err := user.Current(); err == nil {
		e.Detail = "on the command line, by " + u.Username
	}
	return e
}

// findUser finds a user by address or id.
func findUser(ctx context.Context, db *store.Store, who string) (store.User, error) {
	find := db.UserByID
	if strings.Contains(who, "@") {
		who, find = strings.ToLower(strings.TrimSpace(who)), db.UserByEmail
	}
	u, err := find(ctx, who)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrInvalidText) {
		return u, refusal("there is no user " + strconv.Quote(who) + "; see vestibule user list")
	}
	return u, err
}

// output prints rows, as a table for people or as JSON for programs.
type output struct {
	table *tabwriter.Writer
	json  *json.Encoder // nil: a table
	err   error
}

func (p *program) output(columns ...string) *output {
	if p.given.has("json") {
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		return &output{json: enc}
	}
	o := &output{table: tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)}
	if len(columns) > 0 {
		o.row(nil, columns...)
	}
	return o
}

// row prints one row: object for programs, or cells for people.
func (o *output) row(object any, cells ...string) {
	if o.json != nil {
		if object != nil {
			o.err = errors.Join(o.err, o.json.Encode(object))
		}
		return
	}
	for i, cell := range cells {
		cells[i] = printable(cell)
	}
	_, err := io.WriteString(o.table, strings.Join(cells, "\t")+"\n")
	o.err = errors.Join(o.err, err)
}

func (o *output) close() error {
	if o.table != nil {
		o.err = errors.Join(o.err, o.table.Flush())
	}
	return o.err
}

// note tells people, and not programs, what was done.
func (p *program) note(format string, args ...any) {
	if !p.given.has("json") {
		fmt.Fprintf(p.stdout, format+"\n", args...)
	}
}

// printable takes from a text what would move the cursor, turn the writing
// direction or break the table: names and user agents are what strangers have
// typed.
func printable(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return text
	}
	quoted := strconv.QuoteToGraphic(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// when is a time for people.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// optionalTime is a time for programs, null where there is none.
func optionalTime(t *time.Time) *web.Time {
	if t == nil {
		return nil
	}
	w := web.Time(*t)
	return &w
}
