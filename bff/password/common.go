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

// What is refused because it is guessed first (NIST SP 800-63B-4 §3.1.1.2, ASVS
// 6.2.4 and 6.2.11):
//
//   - the passwords of the list, which come from leaks;
//   - the user's own address, what stands before its @, and the product's name,
//     also with a few digits or signs around them;
//   - one character over and over.
//
// All are compared after NFKC and case folding, so that neither full-width letters
// nor capitals make another password of one.

// Refusals of a password that is guessed first.
var (
	ErrCommon   = errors.New("password: one of the most common")
	ErrOwnName  = errors.New("password: the user's address or the product's name")
	ErrRepeated = errors.New("password: one character over and over")
)

// product is what a guesser knows without looking.
const product = "vestibule"

// maxAround is how many digits and signs around a name do not make it a password,
// in code points.
const maxAround = 4

// listed is the embedded list in its published form; list/README.md says where it
// is from.
//
//go:embed list/common-passwords.txt.gz
var listed []byte

// commonPasswords returns the list, folded and sorted. It is unpacked when the first
// password is checked, into half a megabyte; a server that only verifies needs none
// of it.
var commonPasswords = sync.OnceValues(func() ([]string, error) {
	return readList(listed)
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

// fold takes from a text what a guesser tries along with it.
func fold(text string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
}

// checkGuessed refuses pw, which is normalised, where it is guessed first. email is
// the address of the user whose password it is to be.
func checkGuessed(pw, email string) error {
	pw = strings.TrimSpace(fold(pw))
	if first, size := utf8.DecodeRuneInString(pw); strings.Trim(pw[size:], string(first)) == "" {
		return ErrRepeated
	}
	email = fold(email)
	local, _, _ := strings.Cut(email, "@")
	for _, name := range []string{email, local, product} {
		if name != "" && isAround(pw, name) {
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

// isAround says whether pw is name, or name with a few digits and signs before and
// behind it.
func isAround(pw, name string) bool {
	before, behind, found := strings.Cut(pw, name)
	around := before + behind
	isLetter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }
	return found && utf8.RuneCountInString(around) <= maxAround && !strings.ContainsFunc(around, isLetter)
}
