package api

import (
	"fmt"
	"time"
)

// Dates and positions are kept as text and compared byte by byte. So there must be only one
// spelling of each.

const (
	datePattern     = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	positionPattern = `^[0-9a-f]*[1-9a-f]$`
	dateMessage     = "must be a date that exists, from 0001-01-01 to 9999-12-31"
)

var positionMessage = fmt.Sprintf("must have 1 to %d of the characters 0-9 and a-f, must not end in 0, or must be null", maxPosition)

// isDate reports whether text is a day of the Gregorian calendar in the years 1 to 9999.
func isDate(text string) bool {
	day, err := time.Parse(time.DateOnly, text)
	return err == nil && day.Year() >= 1 && day.Format(time.DateOnly) == text
}

// isPosition reports whether text can be a position. With a 0 at the end there would be
// nothing between 1 and 10.
func isPosition(text string) bool {
	if text == "" || len(text) > maxPosition || text[len(text)-1] == '0' {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
