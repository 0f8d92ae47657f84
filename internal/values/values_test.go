package values

import "testing"

// A size is written so that it reads as the same size.
func TestSizesAreWrittenShort(t *testing.T) {
	t.Parallel()
	for want, bytes := range map[string]int64{"0B": 0, "1000B": 1000, "1KiB": 1 << 10, "1536KiB": 3 << 19, "10MiB": 10 << 20, "2GiB": 2 << 30, "2048GiB": 2 << 40} {
		if got := ShortSize(bytes); got != want {
			t.Errorf("%d: got %s, want %s", bytes, got, want)
		}
		if got, m := Size(want); m != nil || got != bytes {
			t.Errorf("%s: got %d, %v, want %d", want, got, m, bytes)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"X-Tenant": true, "a!#$%&'*+-.^_`|~9": true, "": false, "a b": false, "a:": false, "ä": false, "a\x00": false, "(a)": false} {
		if got := IsToken(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
