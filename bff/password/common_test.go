package password

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEasilyGuessedPasswordsAreRefused(t *testing.T) {
	h := newHasher(t, Config{MinLength: 8})
	const ada = "Ada.Lovelace@Example.com"
	for _, tt := range []struct {
		name, pw string
		want     error
	}{
		{"the commonest of 8 letters", "password", ErrCommon},
		{"digits", "12345678", ErrCommon},
		{"the example of many a manual", "password" + "123", ErrCommon},
		{"capitals", "PassWord", ErrCommon},
		{"full width", "ｐａｓｓｗｏｒｄ", ErrCommon},
		{"a long s, which folds to s", "paſſword", ErrCommon},
		{"spaces around it", " password\t", ErrCommon},
		{"another alphabet, in capitals", "ПАРОЛЬ12", nil},
		{"the address", "ada.lovelace@example.com", ErrOwnName},
		{"the address in capitals", "ADA.LOVELACE@EXAMPLE.COM", ErrOwnName},
		{"what stands before the @", "ada.lovelace", ErrOwnName},
		{"the same in full width", "Ａda.Lovelace", ErrOwnName},
		{"the same with a year", "Ada.Lovelace1815", ErrOwnName},
		{"the product", "Vestibule", ErrOwnName},
		{"the product and signs", "vestibule!1", ErrOwnName},
		{"the product in a sentence", "a vestibule of oak", nil},
		{"the address among words", "ada.lovelace wrote this", nil},
		{"one letter", "aaaaaaaa", ErrRepeated},
		{"one letter in both cases", "aAaAaAaA", ErrRepeated},
		{"one letter many times", strings.Repeat("z", MaxLength), ErrRepeated},
		{"one emoji", strings.Repeat("🐢", 12), ErrRepeated},
		{"spaces", "        ", ErrRepeated},
		{"too short comes first", "qwerty", ErrTooShort},
		{"a few words", "correct horse battery", nil},
		{"a common one and a word", "password lantern", nil},
		{"the tests' own", "paper-lantern-42", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := h.Check(tt.pw, ada); !errors.Is(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if err := h.Check("lovelace", ""); err != nil && !errors.Is(err, ErrCommon) {
		t.Errorf("without an address: got %v", err)
	}
	allowed := newHasher(t, Config{MinLength: 8, AllowCommon: true})
	for _, pw := range []string{"password", "aaaaaaaa", "ada.lovelace"} {
		if err := allowed.Check(pw, ada); err != nil {
			t.Errorf("%s where it is allowed: got %v, want nil", pw, err)
		}
	}
}

// TestAnEasilyGuessedPasswordStillVerifies: the check is for new passwords. Nobody is
// locked out by a list that came after their password.
func TestAnEasilyGuessedPasswordStillVerifies(t *testing.T) {
	h := newHasher(t, Config{})
	phc := mustHash(t, h, "password")
	if ok, _, err := h.Verify(t.Context(), Share{}, "password", phc); !ok || err != nil {
		t.Errorf("got %v, %v, want true, nil", ok, err)
	}
}

func TestTheListOfCommonPasswords(t *testing.T) {
	words, err := commonPasswords()
	if err != nil {
		t.Fatal(err)
	}
	long := 0
	for _, word := range words {
		if utf8.RuneCountInString(word) >= 8 {
			long++
		}
		if word != strings.TrimSpace(fold(word)) {
			t.Fatalf("%q is not in the form that passwords are compared in", word)
		}
	}
	if size := len(strings.Join(words, "\n")) + 16*cap(words); size > 1<<20 {
		t.Errorf("got %d bytes in memory, want at most 1 MiB", size)
	}
	// ASVS 6.2.4 asks for 3000 that the rules for passwords would let pass.
	if len(words) < 10_000 || long < 3000 {
		t.Errorf("got %d passwords, %d of them of 8 and more; want 10000 and 3000", len(words), long)
	}
	for _, packed := range [][]byte{nil, []byte("not gzip"), listed[:len(listed)/2], bytes.Replace(listed, listed[1000:1010], make([]byte, 10), 1)} {
		if _, err := readList(packed); err == nil {
			t.Errorf("a list of %d bytes that is broken: got no error", len(packed))
		}
	}
}

func BenchmarkCheckGuessed(b *testing.B) {
	pw := strings.Repeat("correct horse ", 9)
	_, _ = commonPasswords()
	for b.Loop() {
		if err := checkGuessed(pw, "ada@example.com"); err != nil {
			b.Fatal(err)
		}
	}
}
