package main

import (
	"fmt"
	"strings"
)

// minSecret is the length of a secret in bytes: HS256 asks for a key at least
// as long as its hash (RFC 7518 §3.2).
const minSecret = 32

// makeSecret is the command that makes a good one.
const makeSecret = "openssl rand -hex 32"

// secretBytes reads a secret. No message may repeat any of it.
func (c *checker) secretBytes(v string) []byte {
	switch {
	case strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">"):
		c.refuse("", mistake{"is still the placeholder of an example", "make one with: " + makeSecret})
	case v != strings.TrimSpace(v):
		c.refuse("", mistake{"starts or ends with white space, which another program may cut off", "remove it, or make a new secret with: " + makeSecret})
	case len(v) < minSecret:
		c.refuse("", mistake{fmt.Sprintf("is too short (%d of at least %d bytes)", len(v), minSecret), "make one with: " + makeSecret})
	}
	return []byte(v)
}
