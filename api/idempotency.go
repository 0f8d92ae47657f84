package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"vestibule/internal/web"
	"vestibule/store/tasks"
)

// answersKept is how long an answer is repeated (CONTRACT: Idempotency-Key).
const answersKept = 24 * time.Hour

// maxKey bounds an Idempotency-Key, in bytes.
const maxKey = 255

// idempotencyKey returns the request's key, "" when it has none.
func idempotencyKey(r *http.Request) (string, error) {
	sent := r.Header["Idempotency-Key"]
	if sent == nil {
		return "", nil
	}
	if len(sent) == 1 && len(sent[0]) >= 1 && len(sent[0]) <= maxKey && printableASCII(sent[0]) {
		return sent[0], nil
	}
	return "", errKey
}

var errKey = badHeader("Idempotency-Key", fmt.Sprintf("must be given once, with 1 to %d printable ASCII characters", maxKey))

func printableASCII(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

var (
	errInProgress = web.Refuse(http.StatusConflict, "IN_PROGRESS", "A request with this Idempotency-Key is still in progress. Please try again.").With("Retry-After", "1")
	// Without a kept answer we could not repeat it, and the caller would not know.
	errTooManyKeys = web.Refuse(http.StatusTooManyRequests, "TOO_MANY_KEYS",
		"Too many requests with an Idempotency-Key have been made for this user in the last 24 hours. Nothing was done. Try again later, or without a key.")
	errKeyReused = func() *web.Error {
		e := web.Refuse(http.StatusUnprocessableEntity, "KEY_REUSED", "The request has invalid fields.")
		e.Fields = []web.FieldError{{Field: "Idempotency-Key", Message: "was used for another request; use a new one"}}
		return e
	}()
)

// running holds the keys of requests under way on this instance, so that a second request
// is refused at once. Requests on other instances are found by the lock on their row.
type running struct {
	mu   sync.Mutex
	keys map[requestKey]bool
}

type requestKey struct{ caller, user, key string }

// begin returns a function that ends the request, or false while another request has its
// key.
func (r *running) begin(k requestKey) (end func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys[k] {
		return nil, false
	}
	if r.keys == nil {
		r.keys = map[requestKey]bool{}
	}
	r.keys[k] = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.keys, k)
	}, true
}

// keptAnswer is the stored part of an answer.
type keptAnswer struct {
	Location string          `json:"location"`
	ETag     string          `json:"etag"`
	Body     json.RawMessage `json:"body"`
}

func newKeptAnswer(t tasks.Task) (text string, err error) {
	body, err := web.EncodeJSON(toTaskJSON(t))
	if err != nil {
		return "", err
	}
	kept, err := web.EncodeJSON(keptAnswer{Location: location(t), ETag: entityTag(t), Body: body})
	return string(kept), err
}

func (a keptAnswer) send(w http.ResponseWriter) error {
	w.Header().Set("Location", a.Location)
	w.Header().Set("ETag", a.ETag)
	return web.WriteJSON(w, http.StatusCreated, a.Body)
}

// createOnce creates the task, unless a request with this key has already done so.
func (s *Server) createOnce(ctx context.Context, w http.ResponseWriter, t tasks.Task, id requestKey) error {
	digest, err := fingerprint(t)
	if err != nil {
		return err
	}
	once := tasks.Once{Caller: id.caller, UserID: id.user, Key: id.key, Fingerprint: digest, Now: t.CreatedAt, Expires: t.CreatedAt.Add(answersKept)}
	var text string
	var first bool
	err = s.writing(ctx, t.UserID, func(ctx context.Context) error {
		return s.tasks.Tx(ctx, "create task once", func(tx *tasks.Tx) (err error) {
			if text, first, err = tx.ClaimKey(once); err != nil || !first {
				return err
			}
			made, err := tx.CreateTask(t)
			if err != nil {
				return err
			}
			if text, err = newKeptAnswer(made); err != nil {
				return err
			}
			return tx.KeepAnswer(once, text)
		})
	})
	full, isFull := errors.AsType[*tasks.KeptFull](err)
	switch {
	case isFull:
		wait := max(full.Until.Sub(t.CreatedAt), 0) + tidyEvery // until the oldest key is deleted
		return errTooManyKeys.With("Retry-After", strconv.Itoa(int(wait/time.Second))).Because(err)
	case errors.Is(err, tasks.ErrInProgress):
		return errInProgress.Because(err)
	case errors.Is(err, tasks.ErrKeyReused):
		return errKeyReused
	case err != nil:
		return refusal(err)
	}
	var kept keptAnswer
	if err := json.Unmarshal([]byte(text), &kept); err != nil {
		return fmt.Errorf("kept answer: %w", err)
	}
	s.feed.changed(t.UserID)
	if !first {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	return kept.send(w)
}

var (
	// setByServer are the members of a task that no request chooses.
	setByServer    = []string{"ID", "UserID", "CreatedAt", "UpdatedAt", "Version"}
	inFirstVersion = []string{"Title", "Description", "Completed"}
)

// fingerprint identifies what a request asks for, however its JSON is written. It covers
// every member of a task that a request can choose, so new members are included. A member
// that the first version did not have counts only if it is set. So a request without it
// keeps the fingerprint that instances of an earlier version give it.
func fingerprint(t tasks.Task) (string, error) {
	var chosen []any
	for member, value := range reflect.ValueOf(t).Fields() {
		switch {
		case slices.Contains(setByServer, member.Name):
		case slices.Contains(inFirstVersion, member.Name):
			chosen = append(chosen, value.Interface())
		case !value.IsZero():
			chosen = append(chosen, member.Name, value.Interface())
		}
	}
	asked, err := json.Marshal(chosen)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(asked)), nil
}
