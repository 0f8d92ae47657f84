package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"vestibule/internal/fair"
	"vestibule/internal/web"
	"vestibule/store/db"
	"vestibule/store/tasks"
)

// Bounds of searches. Each search may read all tasks of a user.
//
//   - A user may run a few at a time. More are refused. There is no bound for all users
//     together: a search that is sent to a slow reader only waits, and the slow readers of
//     a few dozen users would fill a shared room.
//   - A search consists of many short statements. Each waits for one of a few places, which
//     are shared fairly by user. So half of the connections that read, and of the processors, stay free
//     for other requests, and a user with ten tasks does not wait until a user with a
//     million has been served.
const (
	searchesPerUser = 4
	searchLine      = 256              // statements that wait for a place
	searchWait      = 10 * time.Second // the longest wait for a place
)

var (
	errUserSearches = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_SEARCHES", "Too many searches at once").With("Retry-After", "1")
	errAllSearches  = web.Refuse(http.StatusServiceUnavailable, "TOO_MANY_SEARCHES", "Too many searches at once").With("Retry-After", "1")
)

type searches struct {
	requests *fair.Room // one place for each search
	places   *fair.Room // one place for each statement
}

func newSearches(processors int, s db.Shares) searches {
	places := max(1, min(s.Read/2, processors/2))
	return searches{
		requests: fair.New(fair.Limits{Places: math.MaxInt, PerKey: searchesPerUser}),
		places:   fair.New(fair.Limits{Places: places, PerKey: max(1, places/2), Queue: searchLine, Wait: searchWait}),
	}
}

// begin starts a search of the user's tasks. leave ends it.
func (s searches) begin(ctx context.Context, user string) (turn tasks.Turn, leave func(), err error) {
	leave, err = s.requests.Enter(ctx, user, 1)
	switch {
	case errors.Is(err, fair.ErrKey):
		return nil, nil, errUserSearches.Because(err)
	case err != nil:
		return nil, nil, err
	}
	turn = func(ctx context.Context) (func(), error) {
		leave, err := s.places.Enter(ctx, user, 1)
		if errors.Is(err, fair.ErrKey) || errors.Is(err, fair.ErrAll) {
			err = errAllSearches.Because(err)
		}
		return leave, err
	}
	return turn, leave, nil
}

// searchFault is the answer when a search without a limit would take too long.
func searchFault(err error) error {
	if !errors.Is(err, tasks.ErrSearchTooLong) {
		return err
	}
	return invalidQuery(web.FieldError{Field: "limit", Message: "is required here: there are too many tasks to search at once"}).Because(err)
}
