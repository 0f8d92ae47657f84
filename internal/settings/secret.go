package settings

import (
	"fmt"
	"slices"
	"strings"

	"vestibule/internal/jose"
)

// secretCommand is the command that makes a good one.
const secretCommand = "openssl rand -hex 32"

// secretBytes reads a secret. No message may repeat any of it.
func (c *checker) secretBytes(v string) []byte {
	switch {
	case strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">"):
		c.refuse("", mistake{"is still the placeholder of an example", "make one with: " + secretCommand})
	case v != strings.TrimSpace(v):
		c.refuse("", mistake{"starts or ends with white space, which another program may cut off", "remove it, or make a new secret with: " + secretCommand})
	case len(v) < jose.MinSecret:
		c.refuse("", mistake{fmt.Sprintf("is too short (%d of at least %d bytes)", len(v), jose.MinSecret), "make one with: " + secretCommand})
	}
	return []byte(v)
}

// signingSecret reads one that signs.
func (c *checker) signingSecret(v string) []byte {
	if problem := guessable(v); problem != "" && len(v) >= jose.MinSecret {
		c.refuse("", mistake{problem, "make one with: " + secretCommand})
		return nil
	}
	return c.secretBytes(v)
}

// published are secrets that stand in other projects' code and manuals and are
// copied from there: whoever knows one signs cookies and tokens.
var publishedSecrets = []string{
	"better-auth-secret-12345678901234567890",                          // Better Auth's own default
	"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", // FastAPI's tutorial
}

// minDistinctBytes is how many different bytes no random secret has less than: of 32 random
// digits, one in ten million.
const minDistinctBytes = 6

// guessable says what is wrong with a secret that is long enough and yet easily
// guessed, or "".
func guessable(v string) string {
	seen := map[byte]bool{}
	for i := range len(v) {
		seen[v[i]] = true
	}
	switch {
	case len(seen) == 1:
		return "repeats one character"
	case repeats(v):
		return "repeats a short text"
	case len(seen) < minDistinctBytes:
		return fmt.Sprintf("has only %d different characters", len(seen))
	case slices.Contains(publishedSecrets, v):
		return "is an example that is published for everybody to read"
	}
	return ""
}

// repeats says whether v is one text at least twice, the last time perhaps in part.
func repeats(v string) bool {
	for period := 1; period <= len(v)/2; period++ {
		if v[period:] == v[:len(v)-period] {
			return true
		}
	}
	return false
}
