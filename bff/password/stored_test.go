package password

import (
	"context"
	"errors"
	"strings"
	"testing"
)

const (
	salt8      = "c29tZXNhbHQ"                                 // "somesalt"
	key32      = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4" // 32 bytes
	wellFormed = "$argon2id$v=19$m=256,t=2,p=1$" + salt8 + "$" + key32
)

func TestMalformedHashesAreRefusedWithoutAComputation(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	ran := record(h)
	if _, _, err := h.Verify(context.Background(), Share{}, "password", wellFormed); err != nil || len(*ran) != 1 {
		t.Fatalf("a well-formed hash: got %v and %d computations, want nil and 1", err, len(*ran))
	}
	*ran = nil
	with := func(old, new string) string {
		t.Helper()
		if !strings.Contains(wellFormed, old) {
			t.Fatalf("%q is not part of the hash", old)
		}
		return strings.Replace(wellFormed, old, new, 1)
	}
	b64 := func(n int) string { return strings.Repeat("AAAA", n/3) }
	for name, phc := range map[string]string{
		"an empty string":               "",
		"no hash":                       "plain",
		"only separators":               "$$$$$",
		"bcrypt":                        "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"Better Auth's scrypt":          strings.Repeat("ab", 16) + ":" + strings.Repeat("cd", 64),
		"argon2i":                       with("argon2id", "argon2i"),
		"an older version":              with("v=19", "v=16"),
		"no version":                    with("$v=19", ""),
		"too much memory":               with("m=256", "m=262145"),
		"4 TiB of memory":               with("m=256", "m=4294967295"),
		"memory over 32 bits":           with("m=256", "m=4294967552"),
		"no memory":                     with("m=256", "m=0"),
		"less memory than lanes need":   with("m=256", "m=7"),
		"too many iterations":           with("t=2", "t=11"),
		"endless iterations":            with("t=2", "t=4294967295"),
		"no iterations":                 with("t=2", "t=0"),
		"too many lanes":                with("m=256,t=2,p=1", "m=4096,t=2,p=65"),
		"lanes over 8 bits":             with("p=1", "p=257"),
		"no lanes":                      with("p=1", "p=0"),
		"negative lanes":                with("p=1", "p=-1"),
		"no salt":                       with(salt8, ""),
		"a short salt":                  with(salt8, "c29tZXNhbA"),
		"a long salt":                   with(salt8, b64(66)),
		"no key":                        with(key32, ""),
		"a short key":                   with(key32, b64(15)),
		"a long key":                    with(key32, b64(66)),
		"a salt that is not base64":     with(salt8, "c29tZXNhbH!"),
		"padding":                       with(key32, key32+"="),
		"unused bits set after the key": with(key32, strings.TrimSuffix(key32, "4")+"5"),
		"text after the lanes":          with("p=1", "p=1,keyid=1"),
		"text after the version":        with("v=19", "v=19x"),
		"a leading zero":                with("t=2", "t=02"),
		"a sign":                        with("t=2", "t=+2"),
		"a space":                       with("t=2", "t= 2"),
		"another order":                 with("m=256,t=2", "t=2,m=256"),
		"a line break in the salt":      with(salt8, "c29t\nZXNhbHQ"),
		"a line break at the end":       wellFormed + "\n",
		"text before the hash":          "x" + wellFormed,
		"an extra part":                 wellFormed + "$",
		"megabytes":                     wellFormed + strings.Repeat("A", 4<<20),
		"a NUL":                         wellFormed + "\x00",
	} {
		t.Run(name, func(t *testing.T) {
			ok, rehash, err := h.Verify(context.Background(), Share{}, "password", phc)
			if ok || rehash || !errors.Is(err, ErrMalformedHash) {
				t.Errorf("got %v, %v, %v, want false, false, %v", ok, rehash, err, ErrMalformedHash)
			}
			if len(*ran) != 0 {
				t.Errorf("got %d computations, want none", len(*ran))
			}
		})
	}
}

func TestTheGreatestParametersAreAccepted(t *testing.T) {
	t.Parallel()
	want := Params{Memory: maxMemory, Iterations: maxIterations, Parallelism: maxParallelism, SaltLength: maxSalt, KeyLength: maxKey}
	got, err := parseStored(encode(want, make([]byte, maxSalt), make([]byte, maxKey)))
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v, nil", got, err, want)
	}
}

func FuzzStoredHash(f *testing.F) {
	for _, phc := range []string{
		wellFormed, "", "$$$$$",
		"$argon2id$v=19$m=8,t=0,p=1$" + salt8 + "$" + key32,
		"$argon2id$v=19$m=8,t=1,p=0$" + salt8 + "$" + key32,
		"$argon2id$v=19$m=0,t=1,p=1$$",
		"$argon2id$v=19$m=4294967295,t=4294967295,p=255$" + salt8 + "$" + key32,
	} {
		f.Add(phc)
	}
	h := newHasher(f, Config{})
	f.Fuzz(func(t *testing.T, phc string) {
		p, err := parseStored(phc)
		if err != nil {
			if !errors.Is(err, ErrMalformedHash) {
				t.Errorf("got %v, want %v", err, ErrMalformedHash)
			}
			return
		}
		if err := checkBounds(p); err != nil {
			t.Fatalf("parseStored accepted parameters outside the bounds: %v", err)
		}
		// Skip expensive parameters: they differ from cheap ones only in time.
		if p.Memory*p.Iterations <= 1024 {
			if _, _, err := h.Verify(t.Context(), Share{}, "password", phc); err != nil {
				t.Errorf("got %v, want nil for parameters %+v", err, p)
			}
		}
	})
}
