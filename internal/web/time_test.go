package web

import (
	"encoding/json"
	"testing"
	"time"
)

func TestATimeHasExactlyThreeFractionDigitsInUTC(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 2*60*60)
	for want, in := range map[string]time.Time{
		`"2025-01-02T03:04:05.000Z"`: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC),
		`"2025-01-02T03:04:05.600Z"`: time.Date(2025, 1, 2, 3, 4, 5, 600e6, time.UTC),
		`"2025-01-02T03:04:05.123Z"`: time.Date(2025, 1, 2, 3, 4, 5, 123_999_999, time.UTC), // cut, not rounded
		`"2025-01-01T22:04:05.000Z"`: time.Date(2025, 1, 2, 0, 4, 5, 0, zone),
	} {
		if got, err := json.Marshal(Time(in)); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}
