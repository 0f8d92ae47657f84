package web

import "testing"

func TestShows(t *testing.T) {
	for _, blank := range []string{
		"", " ", "\t\n", "\u00a0", "\u2003", "\u3000", "\u0001", "\u0085", // spaces and controls
		"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u061c", "\u180e", "\u200e\u200f", "\u202a\u202e", "\u2061\u2064", "\u2066\u2069",
		"\u034f", "\u115f", "\u1160", "\u17b4", "\u3164", "\uffa0", "\u2065", "\ufff0", // ignorable marks and letters
		"\ufe0f", "\ufe00", "\u180b", "\U000e0100", "\U000e0041", "\U0001d173", "\U0001bca0",
		"\u2800", " \u200b\u00ad\ufe0f \u2800",
	} {
		if Shows(blank) {
			t.Errorf("%+q: got something to see", blank)
		}
	}
	for _, seen := range []string{
		"a", ".", "-", "é", "e\u0301", "\u0301", "字", "👩\u200d🚒", "❤\ufe0f", "\u200ba", "a\u200b", "می\u200cخواهم", "\u0600", "\U000110bd",
		"\u2801", "\ufff9", "\U00013430", "\ufffd", "\ue000", "\u0378", "\u00b7",
	} {
		if !Shows(seen) {
			t.Errorf("%+q: got nothing to see", seen)
		}
	}
}
