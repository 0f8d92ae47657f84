package password

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestLengthsAreCodePointsAfterNFKC(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{MinLength: 8})
	long := strings.Repeat("xy", 64)
	for _, tt := range []struct {
		name, pw string
		want     error
	}{
		{"8 ASCII letters", "bcdefghj", nil},
		{"7 ASCII letters", "abcdefg", ErrTooShort},
		{"an empty one", "", ErrTooShort},
		{"7 letters of 14 bytes", "ééééééé", ErrTooShort},
		{"8 letters of 16 bytes", "éèéèéèéè", nil},
		{"7 letters of 14 code points that NFKC composes", strings.Repeat("e\u0301", 7), ErrTooShort},
		{"8 emoji", "🐢🐇🐢🐇🐢🐇🐢🐇", nil},
		{"4 emoji, 8 UTF-16 units", "🐢🐢🐢🐢", ErrTooShort},
		{"2 family emoji of 5 code points each", "👨\u200d👩\u200d👧👨\u200d👩\u200d👧", nil},
		{"one ligature that NFKC expands to 18", "\ufdfa", nil},
		{"128 ASCII letters", long, nil},
		{"129 ASCII letters", strings.Repeat("a", 129), ErrTooLong},
		{"128 emoji of 512 bytes", strings.Repeat("🐢🐇", 64), nil},
		{"129 emoji", strings.Repeat("🐢", 129), ErrTooLong},
		{"256 code points that NFKC composes to 128", strings.Repeat("e\u0301e\u0300", 64), nil},
		{"258 code points that NFKC composes to 129", strings.Repeat("e\u0301", 129), ErrTooLong},
		{"512 code points that NFKC composes to 128", strings.Repeat("\u03b1\u0313\u0300\u0345\u03b1\u0314\u0300\u0345", 64), nil},
		{"384 jamo of 1152 bytes that NFKC composes to 128", strings.Repeat("\u1112\u1161\u11ab\u1100\u1173\u11af", 64), nil},
		{"387 jamo that NFKC composes to 129", strings.Repeat("\u1112\u1161\u11ab", 129), ErrTooLong},
		{"8 ligatures that NFKC expands to 144", strings.Repeat("\ufdfa", 8), ErrTooLong},
		{"megabytes", strings.Repeat("a", 4<<20), ErrTooLong},
		{"megabytes of invalid UTF-8", strings.Repeat("\xff", 4<<20), ErrTooLong},
		{"invalid UTF-8", "abcdefgh\xff", ErrNotText},
		{"a surrogate in UTF-8", "abcdefgh\xed\xa0\x80", ErrNotText},
		{"a NUL", "abcdefgh\x00", ErrNotText},
		{"line breaks and tabs", "abc\r\ndef\tg", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := h.Check(tt.pw, "ada@example.com"); !errors.Is(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTheMinimumLengthIsConfigurable(t *testing.T) {
	t.Parallel()
	if err := newHasher(t, Config{MinLength: 12}).Check("elevenchars", ""); !errors.Is(err, ErrTooShort) {
		t.Errorf("11 characters, minimum 12: got %v, want %v", err, ErrTooShort)
	}
	if err := newHasher(t, Config{MinLength: 1}).Check("xz", ""); err != nil {
		t.Errorf("2 characters, minimum 1: got %v, want nil", err)
	}
}

func TestHashRefusesInvalidPasswords(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	ran := record(h)
	for pw, want := range map[string]error{
		strings.Repeat("a", 129): ErrTooLong, "\xff": ErrNotText, "a\x00": ErrNotText,
	} {
		if _, err := h.Hash(context.Background(), Share{}, pw); !errors.Is(err, want) {
			t.Errorf("%.10q: got %v, want %v", pw, err, want)
		}
	}
	if len(*ran) != 0 {
		t.Errorf("got %d computations, want none", len(*ran))
	}
}

func TestAPasswordBelowTheMinimumStillVerifies(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{MinLength: 12})
	phc := mustHash(t, h, "short")
	if ok, _, err := h.Verify(context.Background(), Share{}, "short", phc); !ok || err != nil {
		t.Errorf("got %v, %v, want true, nil", ok, err)
	}
}

func TestEquivalentSpellingsAreOnePassword(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	for _, tt := range []struct{ name, one, other string }{
		{"composed and decomposed", "caf\u00e9 au lait", "cafe\u0301 au lait"},
		{"full width and ASCII", "ｐａｓｓｗｏｒｄ１", "password1"},
		{"a ligature and its letters", "o\ufb03ce hours", "office hours"},
		{"Angstrom sign and A with ring", "\u212bngstr\u00f6m", "A\u030angstro\u0308m"},
		{"Hangul syllables and jamo", "\ud55c\uae00\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af\u1112\u1161\u11ab\u1100\u1173\u11af"},
		{"marks in either order", "q\u0307\u0323uestion", "q\u0323\u0307uestion"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.one == tt.other {
				t.Fatal("the two spellings are the same string")
			}
			for _, order := range [][2]string{{tt.one, tt.other}, {tt.other, tt.one}} {
				phc := mustHash(t, h, order[0])
				if ok, _, err := h.Verify(context.Background(), Share{}, order[1], phc); !ok || err != nil {
					t.Errorf("hashed %q, verified %q: got %v, %v, want true, nil", order[0], order[1], ok, err)
				}
			}
		})
	}
}

// TestNFKCComposesAtMostFourCodePointsIntoOne: maxBytes depends on this property of Unicode.
func TestNFKCComposesAtMostFourCodePointsIntoOne(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		if n := utf8.RuneCount(norm.NFD.Bytes(utf8.AppendRune(nil, r))); n > 4 {
			t.Errorf("%U: got %d code points, want at most 4", r, n)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, pw := range []string{"abcdefgh", "", "\xff", "a\x00b", "e\u0301e\u0301", "🐢🐢🐢🐢🐢🐢🐢🐢", "\ufdfa", strings.Repeat("a", 129), "password", "ADA@example.com", "ada1815", "vestibule"} {
		f.Add(pw, "ada@example.com")
	}
	h := newHasher(f, Config{MinLength: 8})
	f.Fuzz(func(t *testing.T, pw, email string) {
		err := h.Check(pw, email)
		form := norm.NFKC.String(pw)
		n := utf8.RuneCountInString(form)
		var want error
		switch {
		case !utf8.ValidString(pw) || strings.Contains(pw, "\x00"):
			if err == nil {
				t.Errorf("got nil, want an error: not UTF-8, or it contains a NUL")
			}
			return
		case n < 8:
			want = ErrTooShort
		case n > MaxLength:
			want = ErrTooLong
		case errors.Is(err, ErrCommon), errors.Is(err, ErrOwnName), errors.Is(err, ErrRepeated):
			want = err
		}
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v for %d code points", err, want, n)
		}
		if again := h.Check(form, email); !errors.Is(again, err) {
			t.Errorf("normal form: got %v, want %v as for the input", again, err)
		}
	})
}
