package settings

import (
	"fmt"
	"strings"
	"testing"

	"vestibule/store/db"
)

// TestAFullServerIsNotOneThatDoesNotAnswer: to start it would not help.
func TestAFullServerIsNotOneThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for cause, want := range map[error][]string{
		db.ErrNoConnection: {"no free connection (53300)", "raise max_connections", "lower DATABASE_MAX_CONNS"},
		db.ErrUnavailable:  {"does not answer", "start it"},
	} {
		got := database{URL: "postgres://h/d"}.Failure(fmt.Errorf("ping: %w", cause)).Error()
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%v: got %q, want %q in it", cause, got, text)
			}
		}
	}
}
