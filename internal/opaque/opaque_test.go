package opaque

import (
	"regexp"
	"strings"
	"testing"
)

func TestTokensAreLongAndNeverTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token := NewToken()
		if !regexp.MustCompile(`^[\w-]{43}$`).MatchString(token) || seen[token] {
			t.Fatalf("got %q, want 256 new bits in base64url", token)
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

func TestTextsThatAreNotTokensAreRefused(t *testing.T) {
	token := NewToken()
	if !Valid(token) {
		t.Errorf("%q: got invalid", token)
	}
	for _, text := range []string{"", "x", token[1:], token + "A", token + "=", token[:42] + "+", token[:42] + "\x00", token[:42] + " ", strings.Repeat("A", 42) + "B", token[:42] + "\n", strings.Repeat("A", 42) + "\n"} {
		if Valid(text) {
			t.Errorf("%q: got valid", text)
		}
	}
}

func FuzzValid(f *testing.F) {
	f.Add(NewToken())
	f.Add("x")
	f.Fuzz(func(t *testing.T, text string) {
		if Valid(text) && !regexp.MustCompile(`^[\w-]{43}$`).MatchString(text) {
			t.Errorf("%q: got valid", text)
		}
	})
}
