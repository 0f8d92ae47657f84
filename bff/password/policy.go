package password

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// These errors are returned before anything is computed.
var (
	ErrTooShort = errors.New("password: too short")
	ErrTooLong  = errors.New("password: too long")
	ErrNotText  = errors.New("password: not valid UTF-8, or it contains a NUL")
)

// MaxLength is the longest password, in code points after NFKC.
const MaxLength = 128

// maxBytes is the largest size of a password before NFKC. NFKC composes at most four code points
// into one, and each has at most four bytes. Longer input is refused without the cost of
// normalising it.
const maxBytes = MaxLength * 4 * utf8.UTFMax

// Check reports whether pw may become the password of the user with the address email. Call it
// before every change of a password. Its errors are ErrTooShort, ErrTooLong, ErrNotText and,
// unless Config.AllowCommon is set, ErrCommon, ErrOwnName and ErrRepeated. Lengths are in code
// points after NFKC, as in NIST SP 800-63B-4. So an emoji of one code point counts as one.
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
	return checkEasilyGuessed(pw, email)
}

// CheckLength returns ErrTooLong or ErrNotText if pw cannot be the password of any account.
func CheckLength(pw string) error {
	_, err := normalise(pw)
	return err
}

// normalise returns the form of pw that is hashed. It refuses a NUL: other argon2 and scrypt
// tools end their input there and would ignore the rest of the password.
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
