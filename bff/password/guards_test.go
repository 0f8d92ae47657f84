package password

import "testing"

// TestANameWithAFewCharactersAroundItIsRefused: a few digits and signs do not make a password of it, and
// anything more may be one that has the name in it by chance.
func TestANameWithAFewCharactersAroundItIsRefused(t *testing.T) {
	for pw, want := range map[string]bool{
		"ada": true, "ada1": true, "!!ada!!": true, "1815ada": true,
		"ada12345": false, "18-12-ada": false, "adas": false, "xada": false, "lovelaceada": false, "bob": false,
	} {
		if got := isAround(pw, "ada"); got != want {
			t.Errorf("%q: got %t, want %t", pw, got, want)
		}
	}
}
