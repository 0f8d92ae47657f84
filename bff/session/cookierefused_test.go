package session

import (
	"errors"
	"strings"
	"testing"
	"time"

	"vestibule/internal/opaque"
)

// TestASignatureHasOneEncoding: otherwise two different cookies would name the same session.
func TestASignatureHasOneEncoding(t *testing.T) {
	t.Parallel()
	c := testCookie()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	token := opaque.NewToken()
	_, value, _ := strings.Cut(c.build(token, time.Hour).String(), "=")
	value, _, _ = strings.Cut(value, ";")
	value = strings.NewReplacer("%2F", "/", "%2B", "+", "%3D", "=").Replace(value)
	if _, err := c.read(requestWith(c.Name + "=" + value)); err != nil {
		t.Fatal(err)
	}
	// The last character before the padding has two unused bits.
	at := len(value) - 2
	other := alphabet[strings.IndexByte(alphabet, value[at])|1]
	changed := value[:at] + string(other) + "="
	if _, err := c.read(requestWith(c.Name + "=" + changed)); !errors.Is(err, ErrUnsigned) {
		t.Errorf("got %v, want %v for another encoding of the signature", err, ErrUnsigned)
	}
}

// TestAnOverlongCookieIsNotParsed: this holds even with a valid signature.
func TestAnOverlongCookieIsNotParsed(t *testing.T) {
	t.Parallel()
	c := testCookie()
	cookie := c.build(strings.Repeat("x", maxCookieValue), time.Hour)
	if _, err := c.read(requestWith(cookie.Name + "=" + cookie.Value)); !errors.Is(err, ErrUnsigned) {
		t.Errorf("got %v, want %v", err, ErrUnsigned)
	}
}

// TestAnEmptyTokenIsRefused: this holds even with a valid signature.
func TestAnEmptyTokenIsRefused(t *testing.T) {
	t.Parallel()
	c := testCookie()
	if _, err := c.read(requestWith(c.Name + "=" + c.value(""))); !errors.Is(err, ErrUnsigned) {
		t.Errorf("got %v, want %v", err, ErrUnsigned)
	}
}
