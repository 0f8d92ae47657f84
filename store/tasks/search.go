package tasks

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
)

// A search looks through a user's tasks in their order, in pieces: none keeps a
// connection, or a snapshot that the log of SQLite has to be kept for, longer than it
// takes to look through a mebibyte or so.
const (
	searchRows  = 256
	searchBytes = 1 << 20 // of text; a single task may have a bit less than that
	searchShort = 2000    // bytes of a task that is looked into as it is come by
)

// work is how much is looked through for one answer.
type work struct{ tasks, bytes int }

var (
	pageWork = work{200_000, 64 << 20}    // a longer search goes on with the next page
	listWork = work{2_000_000, 640 << 20} // which a list has not
)

// ErrSearchTooLong means that a user has more tasks than are searched in one go.
var ErrSearchTooLong = errors.New("too much to look through in one search")

// search is one that is under way.
type search struct {
	*Store
	user string
	q    Query // After: how far it has got
	text string
	left work
	end  bool      // there are no more tasks
	at   *Position // how far it has got, as far as that can be shown a client
}

func (s *Store) newSearch(userID string, q Query, most work) *search {
	return &search{Store: s, user: userID, q: q, text: foldSearch(q.Search), left: most}
}

// tired reports whether enough was looked through, and yet not everything.
func (s *search) tired() bool { return !s.end && (s.left.tasks <= 0 || s.left.bytes <= 0) }

// searchPage is taskRows for a search. Where enough was looked through it is a page
// with less than limit tasks, and goes on from there.
func (s *Store) searchPage(ctx context.Context, userID string, q Query, limit int) (rows []taskRow, next *Position, err error) {
	search := s.newSearch(userID, q, s.pageWork)
	for !search.end {
		found, err := search.piece(ctx)
		if err != nil {
			return nil, nil, err
		}
		if rows = append(rows, found...); len(rows) > limit {
			return rows[:limit], new(rows[limit-1].at), nil
		}
		if search.tired() {
			return rows, search.at, nil
		}
	}
	return rows, nil, nil
}

// searchAll is ListTasks for a search.
func (s *Store) searchAll(ctx context.Context, userID string, q Query) iter.Seq2[Task, error] {
	return func(yield func(Task, error) bool) {
		search := s.newSearch(userID, q, s.listWork)
		for !search.end {
			found, err := search.piece(ctx)
			if err == nil && search.tired() {
				err = ErrSearchTooLong
			}
			if err != nil {
				yield(Task{}, err)
				return
			}
			for t, err := range s.whole(ctx, userID, found) {
				if !yield(t, err) || err != nil {
					return
				}
			}
		}
	}
}

// candidate is a task that may have the text.
type candidate struct {
	at   Position
	size int // of its text, in bytes
	hit  bool
}

func (c candidate) long() bool { return c.size > searchShort }

// piece looks through the next few tasks and returns those that have the text.
func (s *search) piece(ctx context.Context) (found []taskRow, err error) {
	all, err := s.candidates(ctx)
	if err != nil {
		return nil, err
	}
	piece, size := all, 0
	for i, c := range all {
		if size += c.size; size > searchBytes && i > 0 {
			piece = all[:i]
			break
		}
	}
	if err := s.lookInto(ctx, piece); err != nil {
		return nil, err
	}
	for _, c := range piece {
		s.left.bytes -= c.size
		s.q.After = new(c.at)
		if s.q.ValidPosition(c.at) {
			s.at = s.q.After
		}
		if c.hit {
			found = append(found, taskRow{Task: Task{ID: c.at.ID}, at: c.at, partial: true})
		}
	}
	s.left.tasks -= len(piece)
	s.end = len(piece) == len(all) && len(all) < searchRows
	return found, nil
}

// candidates are the next tasks. Of the short ones it is known whether they have the
// text: most are, and are read once.
func (s *search) candidates(ctx context.Context) (all []candidate, err error) {
	columns, args := s.columns()
	statement, args := s.statement(s.q, s.user, columns, args, searchRows)
	err = s.turn(ctx, func(ctx context.Context) error {
		var c candidate
		return s.often.Every(ctx, []any{&c.at.ID, &c.size, &c.hit, s.q.keyField(&c.at)}, func(readable bool) {
			c.hit = c.hit && readable // else only a place to go on from
			all = append(all, c)
		}, statement, args...)
	})
	return all, err
}

// columns are the id of a candidate, the size of what is to be looked into, and whether it
// is a hit.
func (s *search) columns() (columns string, args []any) {
	size, hit := `0`, `true`
	if s.q.Search != "" {
		size = `COALESCE(octet_length(title_fold), 0) + COALESCE(octet_length(description_fold), 0)`
		hit = `CASE WHEN ` + size + ` <= ` + strconv.Itoa(searchShort) + ` THEN COALESCE(` + s.findSQL() + `, false) ELSE false END`
		args = []any{s.text, s.text}
	}
	if s.q.looksAtDue() {
		due := `CASE WHEN due_key >= ? AND due_key <= ? THEN `
		size, hit = due+size+` ELSE 0 END`, due+hit+` ELSE false END`
		args = slices.Concat([]any{s.q.Due.from, s.q.Due.to, s.q.Due.from, s.q.Due.to}, args)
	}
	return `id, ` + size + `, ` + hit, args
}

// lookInto looks into the long ones, some at a time.
func (s *search) lookInto(ctx context.Context, piece []candidate) error {
	var ids []int64
	hits := map[int64]bool{}
	flush := func() (err error) {
		if len(ids) > 0 {
			err = s.match(ctx, ids, hits)
		}
		ids = nil
		return err
	}
	for _, c := range piece {
		if !c.long() {
			continue
		}
		if len(ids) == longRows {
			if err := flush(); err != nil {
				return err
			}
		}
		ids = append(ids, c.at.ID)
	}
	if err := flush(); err != nil {
		return err
	}
	for i, c := range piece {
		piece[i].hit = c.hit || hits[c.at.ID]
	}
	return nil
}

// match adds those of the tasks that have the text to hits.
func (s *search) match(ctx context.Context, ids []int64, hits map[int64]bool) error {
	return s.turn(ctx, func(ctx context.Context) error {
		var id int64
		return s.often.Each(ctx, []any{&id}, func() { hits[id] = true },
			`SELECT id FROM tasks WHERE user_id = ? AND id IN (`+marks(longRows)+`) AND (`+s.findSQL()+`)`,
			append(idArgs(s.user, ids), s.text, s.text)...)
	})
}

// findSQL compares bytes. Not LIKE, which starts anew at each character: where a few
// hundred long texts repeat one letter, a search for 254 of it and another takes
// seconds.
func (s *search) findSQL() string {
	find := s.Dialect().FindSQL
	return find("title_fold") + ` OR ` + find("description_fold")
}

// turn runs one statement.
func (s *search) turn(ctx context.Context, f func(context.Context) error) error {
	if s.q.Turn != nil {
		leave, err := s.q.Turn(ctx)
		if err != nil {
			return err
		}
		defer leave()
	}
	return s.Call(ctx, "search tasks", f)
}
