package settings

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"vestibule/internal/values"
)

// ParseDuration reads a duration within bounds. Its error continues a sentence that
// starts with the value.
func ParseDuration(v string, shortest, longest time.Duration) (time.Duration, error) {
	d, m := parseDuration(v, shortest, longest)
	if m != nil {
		return 0, errors.New(m.problem + "; " + m.cure)
	}
	return d, nil
}

// own returns a mistake that package values has found.
func own(m *values.Mistake) *mistake {
	if m == nil {
		return nil
	}
	return &mistake{m.Problem, m.Cure}
}

func parseDuration(v string, shortest, longest time.Duration) (time.Duration, *mistake) {
	d, m := values.Duration(v, shortest, longest)
	return d, own(m)
}

func shortDuration(d time.Duration) string { return values.ShortDuration(d) }

func parseNumber(v string, least, most int) (int, *mistake) {
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, &mistake{"is out of range", fmt.Sprintf("use a whole number from %d to %d", least, most)}
	}
	return n, nil
}

func parseSize(v string) (int64, *mistake) {
	n, m := values.Size(v)
	return n, own(m)
}

func checkText(v string) *mistake { return own(values.CheckText(v)) }
