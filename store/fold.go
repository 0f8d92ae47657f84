package store

import (
	"context"
	"strings"

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
// program has written, and returns how many it has found.
func (s *Store) FoldTasks(ctx context.Context, limit int) (n int, err error) {
	err = s.tx(ctx, "fold tasks", func(ctx context.Context, q querier) error {
		var t Task
		var found []Task
		err := q.each(ctx, t.fields(), func() { found = append(found, t) },
			`SELECT `+taskColumns+` FROM tasks WHERE title_fold IS NULL ORDER BY id LIMIT ?`, limit)
		for _, t := range found {
			if err != nil {
				break
			}
			folded := fold(readable(t.Title))
			description := t.Description
			if description != nil {
				description = new(fold(readable(*description)))
			}
			// Not a change of the task: its version and times stay. One that was
			// changed meanwhile is left for the next time.
			_, err = q.exec(ctx, `UPDATE tasks SET title_key = ?, title_fold = ?, description_fold = ? WHERE id = ? AND version = ? AND title_fold IS NULL`,
				sortKey(folded), folded, description, t.ID, t.Version)
		}
		n = len(found)
		return err
	})
	return n, err
}
