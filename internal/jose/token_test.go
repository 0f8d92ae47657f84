package jose

import (
	"regexp"
	"strings"
	"testing"

	"vestibule/internal/tokentest"
)

// FuzzParseToken: an accepted token is a compact JWS in its only spelling.
func FuzzParseToken(f *testing.F) {
	f.Add(tokentest.Mint(f, tokentest.Ada))
	f.Add(tokentest.Forge(`{"alg":"HS256","crit":[]}`, tokentest.Payload(""), []byte(tokentest.Secret)))
	f.Add(`{"protected":"e30","payload":"e30","signature":"AA"}`)
	f.Add("e30.e30.e30.e30.e30")
	for _, form := range []string{"..", ".e30.e30", "e30..e30", "e30.e30.", "e30.e30", "e30.e30.e3=", "e30.e\n30.e30", "é.e30.e30"} {
		f.Add(form)
	}
	compact := regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)
	f.Fuzz(func(t *testing.T, token string) {
		if _, _, ok := segments(token); ok != compact.MatchString(token) {
			t.Errorf("segments: got %t, want %t", ok, !ok)
		}
		parsed, err := Parse(token)
		if err != nil {
			return
		}
		parts := strings.Split(token, ".")
		if got := string(parsed.input) + "." + tokentest.Segment(string(parsed.signature)); got != token {
			t.Errorf("got %s when joined again, want %s", got, token)
		}
		if got := tokentest.Segment(string(parsed.Payload)); got != parts[1] {
			t.Errorf("payload: got %s, want %s", got, parts[1])
		}
	})
}
