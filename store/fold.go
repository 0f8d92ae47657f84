package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fold takes from a text what nobody means when they search: case, in every
// language, and how its characters are composed. It is done here because the
// engines differ: SQLite folds ASCII alone, PostgreSQL what its locale knows.
func fold(text string) string {
	return oneI.Replace(norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text))))
}

// oneI takes the Turkish dotted and dotless i for the same letter. Unicode's folding
// is of no language: it makes İ an i with a second dot, which nobody types, and keeps
// ı apart from the I that it is written as in capitals.
var oneI = strings.NewReplacer("i\u0307", "i", "ı", "i")

func foldOptional(text *string) *string {
	if text == nil {
		return nil
	}
	return new(fold(*text))
}

// sortKeyLength is how much of a folded title decides its place, in code points:
// a PostgreSQL index has room for 2 704 bytes in all.
const sortKeyLength = 128

func sortKey(folded string) string {
	n := 0
	for i := range folded {
		if n == sortKeyLength {
			return folded[:i]
		}
		n++
	}
	return folded
}

// readable leaves out what this package would not store, but another program can
// have written into a SQLite file: such a task must not keep all others from being
// folded.
func readable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}

// FoldTasks makes up to limit tasks searchable that an earlier version or another
// program has written, and reports whether there may be more of them. It stops early
// once it has kept other writers waiting for atMost.
func (s *Store) FoldTasks(ctx context.Context, limit int, atMost time.Duration) (more bool, err error) {
	found, more, err := s.unfolded(ctx, limit)
	if err != nil || len(found) == 0 {
		return false, err
	}
	type folded struct {
		title       string
		description *string
	}
	texts := make([]folded, len(found))
	for i, t := range found {
		texts[i].title = fold(readable(t.Title))
		if t.Description != nil {
			texts[i].description = new(fold(readable(*t.Description)))
		}
	}
	err = s.tx(ctx, "fold tasks", func(ctx context.Context, q querier) error {
		begun := time.Now()
		for i, t := range found {
			if i > 0 && time.Since(begun) >= atMost {
				more = true
				return nil
			}
			// Not a change of the task: its version and times stay. One that was
			// changed meanwhile is left for the next time.
			if _, err := q.exec(ctx, `UPDATE tasks SET title_key = ?, title_fold = ?, description_fold = ? WHERE user_id = ? AND id = ? AND version = ? AND title_fold IS NULL`,
				sortKey(texts[i].title), texts[i].title, texts[i].description, t.UserID, t.ID, t.Version); err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}

// unfolded returns some of the tasks that are not searchable yet.
func (s *Store) unfolded(ctx context.Context, limit int) (found []Task, more bool, err error) {
	limit = min(limit, listRows)
	var rows []taskRow
	err = s.call(ctx, "find tasks to fold", func(ctx context.Context) error {
		var r taskRow
		return querier{s.read}.each(ctx, append(r.fields(), &r.partial), func() { rows = append(rows, r) },
			`SELECT `+rowColumns+` FROM tasks WHERE title_fold IS NULL ORDER BY id LIMIT ?`, limit)
	})
	if err != nil {
		return nil, false, err
	}
	_, end := nextPartial(rows, 0)
	for _, r := range rows[:end] {
		t := r.Task
		if r.partial {
			if t, err = s.Task(ctx, t.UserID, t.ID); errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, false, err
			}
		}
		found = append(found, t)
	}
	return found, len(rows) == limit || end < len(rows), nil
}
