package tasks

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"vestibule/store/db"
)

// fold removes the differences that a search ignores: case, in every language, accents, and
// the composition of characters. It is done here because the engines differ: SQLite folds
// only ASCII, PostgreSQL what its locale knows. bff/spa/app/fold.js does the same, and
// testdata/searches.json is for the tests of both.
func fold(text string) string {
	if isASCII(text) {
		return strings.ToLower(text)
	}
	plain := strings.Map(withoutMark, norm.NFKD.String(text))
	// ToLower, because Fold leaves Cherokee as it is.
	return norm.NFKC.String(dotlessI.Replace(strings.ToLower(cases.Fold().String(plain))))
}

// foldSearch is fold for the text that is searched for. Spaces at its ends do not count:
// somebody is typing.
func foldSearch(text string) string { return strings.Trim(fold(text), " ") }

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// dotlessI takes the Turkish dotless i for an i: it is written as I in capitals, like the
// other one. The dotted İ is an I with an accent.
var dotlessI = strings.NewReplacer("ı", "i")

// ignoredMarks are the accents of Latin, Greek and Cyrillic, the points of Hebrew and Arabic,
// which are often left out, and what chooses between the forms of an emoji. Not the vowel
// signs of Indian scripts and the voicing marks of Japanese: words differ by these.
var ignoredMarks = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x0300, Hi: 0x036f, Stride: 1},
	{Lo: 0x0591, Hi: 0x05bd, Stride: 1}, {Lo: 0x05bf, Hi: 0x05bf, Stride: 1}, {Lo: 0x05c1, Hi: 0x05c2, Stride: 1},
	{Lo: 0x05c4, Hi: 0x05c5, Stride: 1}, {Lo: 0x05c7, Hi: 0x05c7, Stride: 1},
	{Lo: 0x0610, Hi: 0x061a, Stride: 1}, {Lo: 0x064b, Hi: 0x065f, Stride: 1}, {Lo: 0x0670, Hi: 0x0670, Stride: 1},
	{Lo: 0x1ab0, Hi: 0x1aff, Stride: 1}, {Lo: 0x1dc0, Hi: 0x1dff, Stride: 1},
	{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1}, {Lo: 0xfe20, Hi: 0xfe2f, Stride: 1},
}}

func withoutMark(r rune) rune {
	if unicode.Is(ignoredMarks, r) {
		return -1
	}
	return r
}

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

// readable removes characters that this package does not store, but that another program can
// have written into a SQLite file. One such task must not stop the folding of all others.
func readable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}

// isUnfolded is the condition of an index. This program raises folded with the version. An
// earlier one, which folds in another way, raises the version alone, and so does not hide what it
// writes while instances of both run.
const isUnfolded = `title_fold IS NULL OR folded <> version`

// FoldTasks makes up to limit tasks searchable that an earlier version or another
// program has written, and reports whether there may be more of them. It stops early
// once it has kept other writers waiting for atMost.
func (s *Store) FoldTasks(ctx context.Context, limit int, atMost time.Duration) (more bool, err error) {
	found, more, err := s.unfolded(ctx, limit)
	if err != nil || len(found) == 0 {
		return false, err
	}
	type folded struct{ title, description *string }
	texts := make([]folded, len(found))
	for i, t := range found {
		texts[i] = folded{foldOptional(t.title), foldOptional(t.description)}
	}
	err = s.DB.Tx(ctx, "fold tasks", func(ctx context.Context, q db.Querier) error {
		begun := time.Now()
		for i, t := range found {
			if i > 0 && time.Since(begun) >= atMost {
				more = true
				return nil
			}
			// Not a change of the task: its version and times stay. One that was
			// changed meanwhile is left for the next time.
			if _, err := q.Exec(ctx, `UPDATE tasks SET title_key = ?, title_fold = ?, description_fold = ?, folded = version WHERE user_id = ? AND id = ? AND version = ? AND (`+isUnfolded+`)`,
				sortKey(*texts[i].title), texts[i].title, texts[i].description, t.userID, t.id, t.version); err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}

// foldRows is how many tasks are folded at a time, each of up to 41 KiB.
const foldRows = 25

// unfolded is what of a task is folded.
type unfolded struct {
	id, version        int64
	userID             string
	title, description *string
}

// unfolded returns some of the tasks that are not searchable yet.
func (s *Store) unfolded(ctx context.Context, limit int) (found []unfolded, more bool, err error) {
	limit = min(limit, foldRows)
	err = s.Call(ctx, "find tasks to fold", func(ctx context.Context) error {
		found = nil
		var t unfolded
		return s.Read().Every(ctx, []any{&t.id, &t.userID, &t.version, rawText{&t.title}, rawText{&t.description}},
			func(readable bool) {
				if !readable || t.title == nil { // taken out of the way of the others
					t.title, t.description = new(""), nil
				}
				found = append(found, t)
			},
			`SELECT id, user_id, version, title, description FROM tasks WHERE `+isUnfolded+` ORDER BY id LIMIT ?`, limit)
	})
	return found, len(found) == limit, err
}

// rawText is the scan destination of text that another program may have written. Invalid
// characters are left out.
type rawText struct{ to **string }

// Scan implements sql.Scanner.
func (r rawText) Scan(value any) error {
	*r.to = nil
	switch v := value.(type) {
	case string:
		*r.to = new(readable(v))
	case []byte:
		*r.to = new(readable(string(v)))
	}
	return nil
}
