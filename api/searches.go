package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"vestibule/internal/fair"
	"vestibule/internal/web"
	"vestibule/store/tasks"
)

// What bounds searches, each of which may look through all that a user has:
//
//   - A user has a few of them at a time, and is refused more. How many there are in all
//     is no matter: one that is sent to a slow reader waits for that and for nothing
//     else, so a room for all would be full of the slow readers of a few dozen users.
//   - A search is made of many short statements. Each waits for one of a few places,
//     which are shared fairly by user: most connections, and half of the processors,
//     stay with those who search nothing, and a user with ten tasks does not wait
//     until one with a million has been served.
const (
	searchesPerUser = 4
	maxSearchPlaces = 4                // of the connections that read: SQLite has 8
	searchLine      = 256              // statements that wait for a place
	searchWait      = 10 * time.Second // for a place
)

var (
	errUserSearches = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_SEARCHES", "Too many searches at once").With("Retry-After", "1")
	errAllSearches  = web.Refuse(http.StatusServiceUnavailable, "TOO_MANY_SEARCHES", "Too many searches at once").With("Retry-After", "1")
)

type searches struct {
	requests *fair.Room // one place for each search
	places   *fair.Room // one for each statement
}

func newSearches(processors int) searches {
	places := max(1, min(maxSearchPlaces, processors/2))
	return searches{
		requests: fair.New(fair.Limits{Places: math.MaxInt, PerKey: searchesPerUser}),
		places:   fair.New(fair.Limits{Places: places, PerKey: max(1, places/2), Queue: searchLine, Wait: searchWait}),
	}
}

// begin lets a search of the user's tasks begin, and leave ends it.
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

// searchFault is the answer where a search without a limit would never end.
func searchFault(err error) error {
	if !errors.Is(err, tasks.ErrSearchTooLong) {
		return err
	}
	return invalidQuery(web.FieldError{Field: "limit", Message: "is required with q here: there are too many tasks to search at once"}).Because(err)
}
