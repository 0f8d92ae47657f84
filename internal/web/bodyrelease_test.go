package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestASlowReaderHoldsNoRoom: the body is no longer needed once the answer begins.
func TestASlowReaderHoldsNoRoom(t *testing.T) {
	t.Parallel()
	b := NewBodies(BodyLimits{One: 4 * kib, Sender: 8 * kib, All: 8 * kib})
	h := RequestLog{Log: slog.New(slog.DiscardHandler), Surface: "test", Errors: writeTestError}.Wrap(Handle(func(w http.ResponseWriter, r *http.Request) error {
		if _, err := b.ReadObject(w, r, "a"); err != nil {
			return err
		}
		if b.Taken() == 0 {
			t.Error("the body has no room while the handler runs")
		}
		err := WriteJSON(w, http.StatusOK, "done")
		wantTaken(t, b, 0)
		return err
	}, writeTestError))
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(objectOf(2*kib)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Errorf("got %d", w.Code)
	}
}

// TestAnAbortedBodyGivesItsRoomBack goes through all ways in which a surface ends a request.
func TestAnAbortedBodyGivesItsRoomBack(t *testing.T) {
	t.Parallel()
	b := NewBodies(BodyLimits{One: 4 * kib, Sender: 8 * kib, All: 8 * kib})
	taken := 0
	h := RequestLog{Log: slog.New(slog.DiscardHandler), Surface: "test", Errors: writeTestError}.Wrap(Handle(func(w http.ResponseWriter, r *http.Request) error {
		_, err := b.ReadObject(w, r, "a")
		taken, _ = b.room.Load()
		if r.Header.Get("Panic") != "" {
			panic("in the middle")
		}
		return err
	}, writeTestError))
	for name, tt := range map[string]struct {
		body   io.Reader
		header string
		status int
	}{
		"whole":            {strings.NewReader(objectOf(2 * kib)), "", 200},
		"not JSON":         {strings.NewReader(objectOf(2*kib) + "{"), "", 400},
		"too large":        {io.MultiReader(strings.NewReader(objectOf(4*kib + 1))), "", 413},
		"broken off":       {io.MultiReader(strings.NewReader(objectOf(2*kib)), broken{}), "", 400},
		"a panic after it": {strings.NewReader(objectOf(2 * kib)), "yes", 500},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", tt.body)
		r.Header.Set("Content-Type", "application/json")
		if tt.header != "" {
			r.Header.Set("Panic", tt.header)
		}
		h.ServeHTTP(w, r)
		if w.Code != tt.status || taken == 0 {
			t.Errorf("%s: got %d with %d bytes taken, want %d", name, w.Code, taken, tt.status)
		}
		wantTaken(t, b, 0)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
