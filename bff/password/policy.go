package password

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Refusals of a password, before anything is computed.
var (
	ErrTooShort = errors.New("password: too short")
	ErrTooLong  = errors.New("password: too long")
	ErrNotText  = errors.New("password: not UTF-8 text, or holds a NUL")
)

// MaxLength is the longest password, in code points after NFKC.
const MaxLength = 128

// maxBytes is the most that MaxLength code points can have been before NFKC: it
// composes at most four code points into one, of at most four bytes each. What
// is longer is too long, whatever it says, and megabytes are not normalised to
// find that out.
const maxBytes = MaxLength * 4 * utf8.UTFMax

// Check reports whether pw may become the password of the user with the address
// email: ErrTooShort, ErrTooLong, ErrNotText, or unless the configuration allows
// them one of the errors for what is guessed first (common.go). Lengths are in code
// points after NFKC, as NIST SP 800-63B-4 counts them, so an emoji of one code point
// counts one. Whatever sets a password asks here first.
func (h *Hasher) Check(pw, email string) error {
	pw, err := normalise(pw)
	switch {
	case err != nil:
		return err
	case utf8.RuneCountInString(pw) < h.minLength:
		return ErrTooShort
	case h.allowCommon:
		return nil
	}
	return checkGuessed(pw, email)
}

// CheckLength reports whether pw could be anybody's password: ErrTooLong,
// ErrNotText or nil.
func CheckLength(pw string) error {
	_, err := normalise(pw)
	return err
}

// normalise returns the form of pw that is hashed. A NUL is refused because
// other argon2 and scrypt tools end their input there: everything behind it
// would not count.
func normalise(pw string) (string, error) {
	if len(pw) > maxBytes {
		return "", ErrTooLong
	}
	if !utf8.ValidString(pw) || strings.ContainsRune(pw, 0) {
		return "", ErrNotText
	}
	pw = norm.NFKC.String(pw)
	if utf8.RuneCountInString(pw) > MaxLength {
		return "", ErrTooLong
	}
	return pw, nil
}
