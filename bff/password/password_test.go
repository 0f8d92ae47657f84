package password

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// cheap parameters keep the tests fast. No parameter is at its minimum, so that tests can use a
// lower one.
var cheap = Params{Memory: 32, Iterations: 2, Parallelism: 2, SaltLength: 16, KeyLength: 32}

func newHasher(t testing.TB, c Config) *Hasher {
	t.Helper()
	if c.Params == (Params{}) {
		c.Params = cheap
	}
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// computation is a call of argon2id: the password and the parameters.
type computation struct {
	password string
	params   Params
}

// record collects the computations of h.
func record(h *Hasher) *[]computation {
	var ran []computation
	create, check := h.create, h.check
	h.create = func(pw string, p *Params) (string, error) {
		ran = append(ran, computation{pw, *p})
		return create(pw, p)
	}
	h.check = func(pw, phc string) (bool, *Params, error) {
		ok, p, err := check(pw, phc)
		ran = append(ran, computation{pw, *p})
		return ok, p, err
	}
	return &ran
}

func mustHash(t testing.TB, h *Hasher, pw string) string {
	t.Helper()
	phc, err := h.Hash(context.Background(), Share{}, pw)
	if err != nil {
		t.Fatalf("Hash(%q): %v", pw, err)
	}
	return phc
}

func TestAHashVerifiesItsPasswordAndNoOther(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	phc := mustHash(t, h, "correct horse")
	if want := "$argon2id$v=19$m=32,t=2,p=2$"; !strings.HasPrefix(phc, want) {
		t.Errorf("got %q, want the prefix %q", phc, want)
	}
	for pw, want := range map[string]bool{"correct horse": true, "correct horse ": false, "Correct horse": false, "": false} {
		ok, rehash, err := h.Verify(context.Background(), Share{}, pw, phc)
		if ok != want || rehash || err != nil {
			t.Errorf("Verify(%q): got %v, %v, %v, want %v, false, nil", pw, ok, rehash, err, want)
		}
	}
	if again := mustHash(t, h, "correct horse"); again == phc {
		t.Errorf("got the same hash twice, want a new salt for each")
	}
}

// TestHashesOfTheReferenceImplementationVerify: the hashes are from its test.c.
func TestHashesOfTheReferenceImplementationVerify(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	for _, phc := range []string{
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
	} {
		if ok, _, err := h.Verify(context.Background(), Share{}, "password", phc); !ok || err != nil {
			t.Errorf("%s: got %v, %v, want true, nil", phc, ok, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	h, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	phc := mustHash(t, h, "correct horse")
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; !strings.HasPrefix(phc, want) {
		t.Errorf("got %q, want the prefix %q", phc, want)
	}
	stored, err := parseStored(phc)
	if err != nil || stored != defaultParams() {
		t.Errorf("got %+v, %v, want %+v, nil", stored, err, defaultParams())
	}
	if err := h.Check("sevench", ""); !errors.Is(err, ErrTooShort) {
		t.Errorf("7 code points: got %v, want %v", err, ErrTooShort)
	}
}

func TestNewRefusesMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"negative parallelism":            {Params: cheap, Parallel: -1},
		"negative queue":                  {Params: cheap, Queue: -1},
		"negative wait":                   {Params: cheap, Wait: -time.Second},
		"negative minimum":                {Params: cheap, MinLength: -1},
		"a minimum above the maximum":     {Params: cheap, MinLength: MaxLength + 1},
		"no iterations":                   {Params: Params{Memory: 32, Parallelism: 1, SaltLength: 16, KeyLength: 32}},
		"more memory than Verify accepts": {Params: Params{Memory: maxMemory + 1, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: got nil, want an error", name)
		}
	}
}

func TestAHashWithALowerParameterIsReplaced(t *testing.T) {
	t.Parallel()
	current := newHasher(t, Config{})
	for _, tt := range []struct {
		name   string
		stored Params
		want   bool
	}{
		{"the same", cheap, false},
		{"higher in all", Params{Memory: 64, Iterations: 3, Parallelism: 3, SaltLength: 17, KeyLength: 33}, false},
		{"less memory", Params{Memory: 31, Iterations: 2, Parallelism: 2, SaltLength: 16, KeyLength: 32}, true},
		{"fewer iterations", Params{Memory: 32, Iterations: 1, Parallelism: 2, SaltLength: 16, KeyLength: 32}, true},
		{"fewer lanes", Params{Memory: 32, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}, true},
		{"shorter salt", Params{Memory: 32, Iterations: 2, Parallelism: 2, SaltLength: 15, KeyLength: 32}, true},
		{"shorter key", Params{Memory: 32, Iterations: 2, Parallelism: 2, SaltLength: 16, KeyLength: 31}, true},
		{"more memory, fewer iterations", Params{Memory: 64, Iterations: 1, Parallelism: 2, SaltLength: 16, KeyLength: 32}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			phc := mustHash(t, newHasher(t, Config{Params: tt.stored}), "correct horse")
			if ok, rehash, err := current.Verify(context.Background(), Share{}, "correct horse", phc); !ok || rehash != tt.want || err != nil {
				t.Errorf("right password: got %v, %v, %v, want true, %v, nil", ok, rehash, err, tt.want)
			}
			if ok, rehash, err := current.Verify(context.Background(), Share{}, "wrong horse", phc); ok || rehash || err != nil {
				t.Errorf("wrong password: got %v, %v, %v, want false, false, nil", ok, rehash, err)
			}
		})
	}
}

func TestAnUnknownAddressCostsWhatAWrongPasswordCosts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	h := newHasher(t, Config{})
	phc := mustHash(t, h, "correct horse")
	ran := record(h)
	for _, tt := range []struct {
		name, pw string
		computed int
		want     error
	}{
		{"a password", "wrong horse", 1, nil},
		{"one that NFKC changes", "ｗｒｏｎｇ", 1, nil},
		{"one shorter than the minimum", "x", 1, nil},
		{"an empty one", "", 1, nil},
		{"the longest", strings.Repeat("x", MaxLength), 1, nil},
		{"too long", strings.Repeat("x", MaxLength+1), 0, ErrTooLong},
		{"megabytes", strings.Repeat("x", 4<<20), 0, ErrTooLong},
		{"invalid UTF-8", "\xff", 0, ErrNotText},
		{"a NUL", "a\x00b", 0, ErrNotText},
	} {
		t.Run(tt.name, func(t *testing.T) {
			*ran = nil
			ok, _, err := h.Verify(ctx, Share{}, tt.pw, phc)
			if ok || !errors.Is(err, tt.want) {
				t.Fatalf("Verify: got %v, %v, want false, %v", ok, err, tt.want)
			}
			wrong := slices.Clone(*ran)
			if len(wrong) != tt.computed {
				t.Fatalf("Verify: got %d computations, want %d", len(wrong), tt.computed)
			}
			*ran = nil
			if err := h.VerifyNone(ctx, Share{}, tt.pw); !errors.Is(err, tt.want) {
				t.Fatalf("VerifyNone: got %v, want %v", err, tt.want)
			}
			if unknown := *ran; !slices.Equal(unknown, wrong) {
				t.Errorf("got %+v for an unknown address and %+v for a wrong password, want the same", unknown, wrong)
			}
		})
	}
}

func TestARefusedPasswordDoesNotRevealAMalformedHash(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	if _, _, err := h.Verify(context.Background(), Share{}, strings.Repeat("x", MaxLength+1), "malformed"); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, want %v", err, ErrTooLong)
	}
}

// Its check then costs what that of a new password costs.
func TestTheDummyHashHasTheFormOfANewOne(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	if got, err := parseStored(h.dummy); err != nil || got != h.params {
		t.Errorf("%s: got %+v, error %v, want %+v", h.dummy, got, err, h.params)
	}
	if ok, rehash, err := h.Verify(context.Background(), Share{}, "whatever", h.dummy); ok || rehash || err != nil {
		t.Errorf("got %t, %t, error %v, want a wrong password", ok, rehash, err)
	}
	if other := newHasher(t, Config{}); other.dummy == h.dummy {
		t.Error("got the same dummy hash twice")
	}
}

func TestTheDummyHashIsMadeOnce(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	ran := record(h)
	before := h.dummy
	for range 3 {
		if err := h.VerifyNone(context.Background(), Share{}, "whatever"); err != nil {
			t.Fatal(err)
		}
	}
	if len(*ran) != 3 || h.dummy != before {
		t.Errorf("got %d computations for 3 calls (same dummy hash: %v), want 3 (true)", len(*ran), h.dummy == before)
	}
}

func BenchmarkVerify(b *testing.B) {
	h, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	phc := mustHash(b, h, "correct horse")
	b.ReportAllocs()
	for b.Loop() {
		if ok, _, err := h.Verify(b.Context(), Share{}, "correct horse", phc); !ok || err != nil {
			b.Fatalf("got %v, %v, want true, nil", ok, err)
		}
	}
}
