package web

import "time"

// TimeFormat is the format of every time in an answer: UTC with exactly three fraction
// digits. The Better Auth client reads all fraction digits as milliseconds, so .123456Z
// would be two minutes off.
const TimeFormat = "2006-01-02T15:04:05.000Z"

// Time is a time.Time that marshals in TimeFormat.
type Time time.Time

// MarshalText implements encoding.TextMarshaler.
func (t Time) MarshalText() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(make([]byte, 0, len(TimeFormat)), TimeFormat), nil
}
