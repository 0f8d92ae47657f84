package session

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"sync"
	"testing"

	"vestibule/internal/opaque"
)

// TestAVerifierServesManyRequestsAtOnce: its hashes are used again and again.
func TestAVerifierServesManyRequestsAtOnce(t *testing.T) {
	t.Parallel()
	key := []byte(strings.Repeat("k", 32))
	v := newVerifier(key)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				token, other := opaque.NewToken(), opaque.NewToken()
				good := [sha256.Size]byte(sign(key, token))
				if !v.signed(token, good) || v.signed(other, good) || v.signed(token[1:], good) {
					t.Error("a signature counts for another token, or not for its own")
				}
			}
		})
	}
	wg.Wait()
}

// TestAVerifierKeepsNoToken after its request.
func TestAVerifierKeepsNoToken(t *testing.T) {
	t.Parallel()
	v := newVerifier([]byte(strings.Repeat("k", 32)))
	for range 3 {
		v.signed(opaque.NewToken(), [sha256.Size]byte{})
		h := v.hashes.Get().(*keyedHash)
		if !bytes.Equal(h.token[:], make([]byte, maxCookieValue)) || h.sum != [sha256.Size]byte{} {
			t.Errorf("got %q and %x, want nothing", h.token, h.sum)
		}
		v.hashes.Put(h)
	}
}

func TestATokenThatIsTooLongIsNotSigned(t *testing.T) {
	t.Parallel()
	key, long := []byte(strings.Repeat("k", 32)), strings.Repeat("t", maxCookieValue+1)
	if newVerifier(key).signed(long, [sha256.Size]byte(sign(key, long[:maxCookieValue]))) {
		t.Error("the signature of a part counts")
	}
}
