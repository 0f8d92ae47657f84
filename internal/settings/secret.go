package settings

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"vestibule/internal/jose"
)

// secretCommand creates a good secret.
const secretCommand = "openssl rand -hex 32"

// secretBytes reads a secret. Its messages never repeat any part of the secret.
func (c *checker) secretBytes(v string) []byte {
	switch {
	case strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">"):
		c.refuse("", mistake{"is still the placeholder of an example", "create one with: " + secretCommand})
	case v != strings.TrimSpace(v):
		c.refuse("", mistake{"starts or ends with white space, which other programs may remove", "remove it, or create a new secret with: " + secretCommand})
	case len(v) < jose.MinSecret:
		c.refuse("", mistake{fmt.Sprintf("is too short (%d of at least %d bytes)", len(v), jose.MinSecret), "create one with: " + secretCommand})
	}
	return []byte(v)
}

// signingSecret reads the secret that signs. It refuses weak secrets too.
func (c *checker) signingSecret(v string) []byte {
	if problem := guessable(v); problem != "" && len(v) >= jose.MinSecret {
		c.refuse("", mistake{problem, "create one with: " + secretCommand})
		return nil
	}
	return c.secretBytes(v)
}

// previousSecret reads the other secret of a change. It refuses a list: as one secret, it would
// verify nothing.
func (c *checker) previousSecret(v string) []byte {
	if n := secretsIn(v); n > 0 {
		c.refuse("", mistake{fmt.Sprintf("looks like a list of %d secrets, but can be only one", n), "set it to the other secret of this change, and finish one change before the next"})
		return nil
	}
	return c.secretBytes(v)
}

// secretsIn returns how many secrets a list has, or 0 if v does not look like a list. Commas
// and spaces are also part of invented secrets. So v is a list only if all its parts look like
// created ones: they are long enough, in hex, base64 or the like.
func secretsIn(v string) int {
	parts := strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
	if len(parts) < 2 || slices.ContainsFunc(parts, func(part string) bool { return len(part) < jose.MinSecret || strings.Trim(part, createdChars) != "" }) {
		return 0
	}
	return len(parts)
}

// createdChars are the characters of hex, base32 and both kinds of base64.
const createdChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_"

// publishedSecrets lists secrets from the code and manuals of other projects. People
// copy them, so attackers can try them to sign cookies and tokens.
var publishedSecrets = []string{
	"better-auth-secret-12345678901234567890",                          // Better Auth's own default
	"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", // FastAPI's tutorial
}

// minDistinctBytes is the minimum number of different bytes in a secret. Of ten million
// random secrets with 32 digits, about one has fewer.
const minDistinctBytes = 6

// guessable returns why a secret is easy to guess although it is long enough, or "".
func guessable(v string) string {
	seen := map[byte]bool{}
	for i := range len(v) {
		seen[v[i]] = true
	}
	switch {
	case len(seen) == 1:
		return "is one character, repeated"
	case repeats(v):
		return "repeats a short text"
	case len(seen) < minDistinctBytes:
		return fmt.Sprintf("has only %d different characters", len(seen))
	case slices.Contains(publishedSecrets, v):
		return "is a published example that everybody can read"
	}
	return ""
}

// repeats reports whether v consists of one repeated text. The last repetition may be
// cut short.
func repeats(v string) bool {
	for period := 1; period <= len(v)/2; period++ {
		if v[period:] == v[:len(v)-period] {
			return true
		}
	}
	return false
}
