package jose

import (
	"strings"
	"testing"
)

// TestScopeGrammar: RFC 6749 §3.3.
func TestScopeGrammar(t *testing.T) {
	for word, want := range map[string]bool{
		"tasks:read": true, "https://api.example.com/orders.read": true, "a": true, "!": true, "~": true, "a,b": true, "[]": true,
		"": false, " ": false, "a b": false, `a"b`: false, `a\b`: false, "a\tb": false, "a\x7f": false, "é": false, "a\x00": false, "a\n": false,
	} {
		if got := IsScope(word); got != want {
			t.Errorf("%q: got %t, want %t", word, got, want)
		}
		// In a claim, words are separated by spaces, so a word with a space is two.
		words, err := Scopes([]byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`, "\x00", `\u0000`, "\n", `\n`).Replace(word) + `"`))
		if ok := err == nil && len(words) == 1; ok != want && word != "a b" {
			t.Errorf("%q in a claim: got %q, %v", word, words, err)
		}
	}
}
