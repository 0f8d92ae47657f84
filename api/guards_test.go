package api

import (
	"bytes"
	"encoding/base64"
	"testing"
)

// TestExponentsOfRSAKeys: an even one has no inverse, with 1 every message is its own
// signature, and one that is longer than the processor's words would be read as
// another.
func TestExponentsOfRSAKeys(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	modulus := encode(append([]byte{0x80}, bytes.Repeat([]byte{1}, 255)...))
	for _, tt := range []struct {
		name     string
		exponent []byte
		want     bool
	}{
		{"65537", []byte{1, 0, 1}, true},
		{"3", []byte{3}, true},
		{"the greatest", []byte{0x7f, 0xff, 0xff, 0xff}, true},
		{"none", nil, false},
		{"0", []byte{0}, false},
		{"1", []byte{1}, false},
		{"2", []byte{2}, false},
		{"even", []byte{1, 0, 0}, false},
		{"a leading zero", []byte{0, 1, 0, 1}, false},
		{"too great for some", []byte{0x80, 0, 0, 1}, false},
		{"too great for a word", []byte{1, 0, 0, 0, 0, 0, 1, 0, 1}, false},
	} {
		if _, err := rsaKey(modulus, encode(tt.exponent)); (err == nil) != tt.want {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}
