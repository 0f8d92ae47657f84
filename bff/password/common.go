package password

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Attackers try these passwords first, so they are refused (NIST SP 800-63B-4 §3.1.1.2,
// ASVS 6.2.4 and 6.2.11):
//
//   - passwords in the embedded list of leaked passwords;
//   - the user's address, the part before its @, and the product's name, also with a few
//     digits or symbols around them;
//   - one repeated character.
//
// Passwords are compared after NFKC and case folding. So full-width or upper-case letters do
// not make a refused password acceptable.

// Check returns these errors for passwords that are easily guessed.
var (
	ErrCommon   = errors.New("password: it is in the list of common passwords")
	ErrOwnName  = errors.New("password: it is the user's address or the product's name")
	ErrRepeated = errors.New("password: it is one repeated character")
)

// product is a name that every attacker of this server knows.
const product = "vestibule"

// maxPadding is the largest number of digits and symbols around a name, in code points, with
// which the name is still refused.
const maxPadding = 4

// packedList is the embedded list, compressed as published. list/README.md names its source.
//
//go:embed list/common-passwords.txt.gz
var packedList []byte

// commonPasswords returns the list, folded and sorted. The first check of a new password
// unpacks it into half a megabyte. A server that only verifies passwords never unpacks it.
var commonPasswords = sync.OnceValues(func() ([]string, error) {
	return readList(packedList)
})

func readList(packed []byte) ([]string, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("password: list of common passwords: %w", err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("password: list of common passwords: %w", err)
	}
	words := strings.Split(fold(string(text)), "\n")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	slices.Sort(words)
	return slices.Compact(words), nil
}

// fold removes differences that an attacker tries too, such as case and letter width.
func fold(text string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
}

// checkEasilyGuessed returns an error if pw is easily guessed. pw is normalised. email is the
// user's address.
func checkEasilyGuessed(pw, email string) error {
	pw = strings.TrimSpace(fold(pw))
	if first, size := utf8.DecodeRuneInString(pw); strings.Trim(pw[size:], string(first)) == "" {
		return ErrRepeated
	}
	email = fold(email)
	local, _, _ := strings.Cut(email, "@")
	for _, name := range []string{email, local, product} {
		if name != "" && isPadded(pw, name) {
			return ErrOwnName
		}
	}
	words, err := commonPasswords()
	if err != nil {
		return err
	}
	if _, found := slices.BinarySearch(words, pw); found {
		return ErrCommon
	}
	return nil
}

// isPadded reports whether pw is name, alone or with a few digits and symbols before or after
// it.
func isPadded(pw, name string) bool {
	before, after, found := strings.Cut(pw, name)
	padding := before + after
	isLetter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }
	return found && utf8.RuneCountInString(padding) <= maxPadding && !strings.ContainsFunc(padding, isLetter)
}
