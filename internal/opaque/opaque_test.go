package opaque

import (
	"regexp"
	"testing"
)

func TestTokensAreLongAndNeverTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token := NewToken()
		if !regexp.MustCompile(`^[\w-]{43}$`).MatchString(token) || seen[token] {
			t.Fatalf("got %q, want 256 bits in base64url that never came before", token)
		}
		seen[token] = true
	}
}

func TestHash(t *testing.T) {
	// FIPS 180-2, B.1
	if got, want := Hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
