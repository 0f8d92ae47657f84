package token

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestibule/store"
)

// What an operator can see and do with the signing keys. The schedule has the rules.

// State says what a key does at the moment.
type State string

// The states of keys.
const (
	Next      State = "next"      // is published, and will sign
	Signs     State = "signs"     // is published, and signs the tokens of its algorithm
	Replaced  State = "replaced"  // is published for the tokens that it has signed
	Published State = "published" // is published and never signs: it was imported
	Ended     State = "ended"     // is not published any more
)

// Status is a key with its place in the schedule.
type Status struct {
	Key
	State  State
	Starts time.Time // when it signs or signed first; zero if it never does
}

// Overview returns the state of each key, the oldest first.
func Overview(rows []Key, now time.Time) []Status {
	signing := map[string]string{} // algorithm → id
	var list []Status
	for _, k := range rows {
		s := Status{Key: k, State: Published}
		if sealed(k.PrivateKey) {
			s.Starts = starts(k)
		}
		if keys := signingKeys(rows, k.Algorithm); len(keys) > 0 {
			signing[k.Algorithm] = keys[turn(keys, starts, now)].ID
		}
		switch {
		case k.ExpiresAt != nil && !k.ExpiresAt.After(now):
			s.State = Ended
		case signing[k.Algorithm] == k.ID:
			s.State = Signs
		case s.Starts.After(now):
			s.State = Next
		case !s.Starts.IsZero():
			s.State = Replaced
		}
		list = append(list, s)
	}
	return list
}

// ErrTooEarly is returned when the next key is published already and does not sign yet.
var ErrTooEarly = errors.New("the next signing key is published already")

// Rotate plans a new key that will replace the one that signs. It returns the key.
func (c Config) Rotate(rows []Key) (change Change, next Key, err error) {
	now := c.Now()
	keys := signingKeys(rows, c.Algorithm)
	if n := len(keys); n > 0 && starts(keys[n-1]).After(now) {
		return Change{}, keys[n-1], ErrTooEarly
	}
	then := now
	if len(keys) > 0 {
		then = now.Add(lead)
	}
	if err := c.add(&change, now, then); err != nil {
		return Change{}, Key{}, err
	}
	return change, change.Add[0], nil
}

// Refused says why a key cannot be retired.
type Refused string

func (why Refused) Error() string { return string(why) }

// Retire plans the end of a key. It refuses a key that signs or will sign, unless atOnce
// is set. Then the key is not published any more, and its tokens become invalid.
func Retire(rows []Key, id string, atOnce bool, now time.Time) (change Change, err error) {
	list := Overview(rows, now)
	i := slices.IndexFunc(list, func(s Status) bool { return s.ID == id })
	if i < 0 {
		return Change{}, store.ErrNotFound
	}
	k := list[i]
	event := store.Event{At: now.UTC(), Type: store.EventKeyRetired, Detail: strings.TrimSpace(k.Algorithm + " " + k.ID)}
	switch {
	case atOnce || k.State == Ended:
		change.Delete = append(change.Delete, k.ID)
		event.Detail += ", at once"
	case k.State == Signs:
		return Change{}, Refused(fmt.Sprintf("%s signs the tokens with %s; run vestibule keys rotate, and the key ends after its successor has begun to sign", k.ID, k.Algorithm))
	case k.State == Next:
		return Change{}, Refused(fmt.Sprintf("%s is the next signing key with %s", k.ID, k.Algorithm))
	case k.ExpiresAt != nil:
		return Change{}, Refused(fmt.Sprintf("%s signs nothing any more and ends at %s by itself", k.ID, k.ExpiresAt.Format(time.RFC3339)))
	default:
		end := now.Add(kept).UTC().Truncate(time.Millisecond)
		k.ExpiresAt = &end
		change.Update = append(change.Update, k.Key)
		event.Detail += ", published until " + end.Format(time.RFC3339)
	}
	change.Events = append(change.Events, event)
	return change, nil
}
