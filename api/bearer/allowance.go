package bearer

import "time"

// allowance limits the fetches that unknown kids cause: a few in a row with a pause between
// them, then one after each jwksUnknownEvery. The zero value allows the first ones.
type allowance struct {
	last time.Time // when one was taken last
	used float64   // of jwksUnknownBurst, at last
}

// take reports whether a fetch is allowed at now, and counts it.
func (a *allowance) take(now time.Time) bool {
	passed := now.Sub(a.last)
	if a.last.IsZero() || passed < 0 { // the clock was set back
		passed = jwksUnknownBurst * jwksUnknownEvery
	}
	used := max(0, a.used-passed.Seconds()/jwksUnknownEvery.Seconds())
	if passed < jwksUnknownPause || used > jwksUnknownBurst-1 {
		return false
	}
	a.last, a.used = now, used+1
	return true
}
