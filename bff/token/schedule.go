package token

// Rules for signing keys:
//
//  1. A key is published from its creation on, and signs from SignsAt on. Of the keys of
//     the configured algorithm whose time has come, the one with the latest SignsAt signs;
//     of two with the same, the one that was created later or has the greater id. So all
//     instances choose the same key, from the table and the clock.
//  2. SignsAt is lead after the creation. By then every verifier that honours max-age has
//     the key. Only if no other key can sign, the earliest one signs before its time: the
//     very first key of an installation, or the successor of a key that was withdrawn.
//  3. A key with an end (ExpiresAt) signs nothing any more, and is published until its end.
//     The end is after that of its last token. Then the row is deleted.
//  4. Whoever changes the table has locked it and read it again, so of several instances
//     one makes the new key.
//  5. Versions before this schedule sign with the newest key without an end when they
//     start, whatever SignsAt says. So the private part of a key that does not sign yet
//     begins with a mark that they do not know: they publish the key, but cannot sign with
//     it. The end of a replaced key is not written before its successor signs.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestibule/internal/jose"
	"vestibule/store"
)

const (
	// MaxAge is how long clients may cache the key set.
	MaxAge = 5 * time.Minute
	// lead is how long a key is published before it signs: MaxAge, the memory of other
	// instances, the longest commit, and the difference between the clocks of instances.
	lead = MaxAge + publishedFor + 5*time.Second + jose.Skew
	// LongestLife is the longest lifetime of a token, whoever mints it.
	LongestLife = 24 * time.Hour
	// kept is how long a key is published after its successor has begun to sign. The clock
	// of an instance that still signs may be late, and so may the clock of the API.
	kept = LongestLife + 2*jose.Skew
	// ShortestRotation is the least Config.Rotation. With it, about 25 keys are published.
	ShortestRotation = time.Hour
)

// nextMark is the mark of a key that does not sign yet.
const nextMark = "next."

// starts returns when a key begins to sign.
func starts(k Key) time.Time {
	if k.SignsAt == nil {
		return k.CreatedAt
	}
	return *k.SignsAt
}

// signingKeys returns the keys that sign now or later, in the order of their turns. Keys
// whose private part is not in our form were imported: they are published but never sign.
func signingKeys(rows []Key, algorithm string) []Key {
	keys := slices.DeleteFunc(slices.Clone(rows), func(k Key) bool {
		return k.Algorithm != algorithm || k.ExpiresAt != nil || !sealed(k.PrivateKey)
	})
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(starts(a).Compare(starts(b)), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return keys
}

// turn returns the index of the key that signs at now. There must be at least one.
func turn[K any](keys []K, starts func(K) time.Time, now time.Time) int {
	for i := len(keys) - 1; i > 0; i-- {
		if !starts(keys[i]).After(now) {
			return i
		}
	}
	return 0
}

// plan returns what the schedule changes at now.
func (c Config) plan(rows []Key, now time.Time, reseal bool) (change Change, err error) {
	keys := signingKeys(rows, c.Algorithm)
	due, scheduled := c.Due(rows)
	switch {
	case len(keys) == 0:
		err = c.add(&change, now, now)
	case scheduled && !due.After(now):
		err = c.add(&change, now, now.Add(lead))
	}
	if len(keys) > 0 {
		handOver(&change, keys, now)
	}
	for _, k := range rows {
		if sealed(k.PrivateKey) && k.ExpiresAt != nil && !k.ExpiresAt.After(now) {
			change.Delete = append(change.Delete, k.ID)
		}
	}
	// One thing at a time: the next call encrypts the keys.
	if err == nil && reseal && change.Empty() {
		err = c.reseal(&change, rows)
	}
	return change, err
}

// add adds a new key that signs from then on.
func (c Config) add(change *Change, now, then time.Time) error {
	k, err := newKey(c, then)
	if err != nil {
		return err
	}
	detail := fmt.Sprintf("%s %s", k.Algorithm, k.ID)
	if then.After(now) {
		k.PrivateKey = nextMark + k.PrivateKey
		detail += ", signs from " + k.SignsAt.Format(time.RFC3339)
	}
	change.Add = append(change.Add, k)
	change.Events = append(change.Events, store.Event{At: k.CreatedAt, Type: store.EventKeyCreated, Detail: detail})
	return nil
}

// handOver removes the mark of the key that signs, and gives the keys before it an end.
func handOver(change *Change, keys []Key, now time.Time) {
	at := turn(keys, starts, now)
	for _, k := range keys[:at] {
		end := now.Add(kept).UTC().Truncate(time.Millisecond)
		k.ExpiresAt = &end
		k.PrivateKey = strings.TrimPrefix(k.PrivateKey, nextMark)
		change.Update = append(change.Update, k)
		change.Events = append(change.Events, store.Event{At: now, Type: store.EventKeyRetired,
			Detail: fmt.Sprintf("%s %s, replaced by %s, published until %s", k.Algorithm, k.ID, keys[at].ID, end.Format(time.RFC3339))})
	}
	if k := keys[at]; strings.HasPrefix(k.PrivateKey, nextMark) {
		k.PrivateKey = strings.TrimPrefix(k.PrivateKey, nextMark)
		change.Update = append(change.Update, k)
	}
}
