package token

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"vestibule/internal/jose"
)

func TestTheStoredPrivatePartHidesTheScalar(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{jose.EdDSA, jose.ES256} {
		t.Run(algorithm, func(t *testing.T) {
			k := mustKey(t, config(algorithm, newClock()))
			plain, err := unseal(k.ID, k.PrivateKey, secret, nil)
			if err != nil {
				t.Fatal(err)
			}
			var jwk struct{ D, X string }
			if err := json.Unmarshal(plain, &jwk); err != nil {
				t.Fatal(err)
			}
			scalar, err := base64.RawURLEncoding.DecodeString(jwk.D)
			if err != nil || len(scalar) != 32 {
				t.Fatalf("got %d bytes, %v, want a scalar of 32", len(scalar), err)
			}
			box, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(k.PrivateKey, sealPrefix))
			if err != nil {
				t.Fatal(err)
			}
			row, err := json.Marshal(k)
			if err != nil {
				t.Fatal(err)
			}
			for name, needle := range map[string][]byte{
				"bytes": scalar, "base64url": []byte(jwk.D), "base64": []byte(base64.RawStdEncoding.EncodeToString(scalar)),
				"hex": []byte(hex.EncodeToString(scalar)), "JSON member": []byte(`"d":"`), // long enough that random bytes do not match
			} {
				if bytes.Contains(box, needle) || bytes.Contains(row, needle) {
					t.Errorf("the row holds the scalar as %s", name)
				}
			}
			if !bytes.Contains(row, []byte(jwk.X)) {
				t.Error("the row does not hold the public part, so the search above proves nothing")
			}
		})
	}
}

func TestASealOpensWithItsSecretAndItsKeyOnly(t *testing.T) {
	t.Parallel()
	box, err := seal(secret, "key_one", []byte("private"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(box, "v1.") {
		t.Errorf("got %q, want the prefix v1.", box)
	}
	body := strings.TrimPrefix(box, sealPrefix)
	for _, tt := range []struct {
		name, kid, box string
		secret         []byte
		previous       [][]byte
		want           error
	}{
		{"as sealed", "key_one", box, secret, nil, nil},
		{"with a previous secret", "key_one", box, otherSecret, [][]byte{secret}, nil},
		{"with the second of two previous secrets", "key_one", box, otherSecret, [][]byte{secret[:31], secret}, nil},
		{"with another secret", "key_one", box, otherSecret, nil, ErrSecretDiffers},
		{"with the beginning of the secret", "key_one", box, secret[:31], nil, ErrSecretDiffers},
		{"with other previous secrets", "key_one", box, otherSecret, [][]byte{nil, secret[:31]}, ErrSecretDiffers},
		{"with another kid", "key_two", box, secret, nil, ErrSecretDiffers},
		{"without a kid", "", box, secret, nil, ErrSecretDiffers},
		{"changed", "key_one", sealPrefix + flip(body), secret, nil, ErrSecretDiffers},
		{"cut off", "key_one", box[:len(box)-4], secret, nil, ErrSecretDiffers},
		{"empty", "key_one", sealPrefix, secret, nil, ErrSecretDiffers},
		{"not base64", "key_one", sealPrefix + "###", secret, nil, errDamaged},
		{"without its version", "key_one", body, secret, nil, errDamaged},
		{"of another version", "key_one", "v2." + body, secret, nil, errDamaged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plain, err := unseal(tt.kid, tt.box, tt.secret, tt.previous)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil && string(plain) != "private" || err != nil && plain != nil {
				t.Errorf("got %q with the error %v", plain, err)
			}
		})
	}
	if again, err := seal(secret, "key_one", []byte("private")); err != nil || again == box {
		t.Errorf("got the same box twice (%v), want a new nonce each time", err)
	}
}

func TestASecretCanBeRotated(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{jose.EdDSA, jose.ES256} {
		t.Run(algorithm, func(t *testing.T) {
			c := config(algorithm, newClock())
			keys := &memory{}
			before := mustOpen(t, c, keys)
			old := mustMint(t, before)

			c.Secret, c.PreviousSecrets = otherSecret, [][]byte{secret}
			after := mustOpen(t, c, keys)
			if len(keys.rows) != 1 || kidOf(t, after) != kidOf(t, before) {
				t.Errorf("got %d keys, want the same key as before", len(keys.rows))
			}
			if _, err := verify(t, old.Raw, c, mustJWKS(t, after)); err != nil {
				t.Errorf("a token from before: got %v, want nil", err)
			}

			c.PreviousSecrets = nil
			m, err := Open(t.Context(), c, keys)
			if !errors.Is(err, ErrSecretDiffers) || m != nil {
				t.Fatalf("without the old secret: got %v, %v, want nil, %v", m, err, ErrSecretDiffers)
			}
			for _, want := range []string{"BETTER_AUTH_SECRET differs", "set BETTER_AUTH_SECRET_PREVIOUS", keys.rows[0].ID} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to contain %q", err, want)
				}
			}
			for _, s := range [][]byte{secret, otherSecret} {
				if strings.Contains(err.Error(), string(s)) {
					t.Errorf("the error shows a secret: %v", err)
				}
			}
			if len(keys.rows) != 1 {
				t.Errorf("got %d keys, want no new key", len(keys.rows))
			}
		})
	}
}

func TestASealedKeyMovedToAnotherRowDoesNotOpen(t *testing.T) {
	t.Parallel()
	k := mustKey(t, config(jose.EdDSA, newClock()))
	k.ID = "key_other"
	if _, err := Open(t.Context(), config(jose.EdDSA, newClock()), &memory{rows: []Key{k}}); !errors.Is(err, ErrSecretDiffers) {
		t.Errorf("got %v, want %v", err, ErrSecretDiffers)
	}
}

func FuzzUnseal(f *testing.F) {
	box, err := seal(secret, "key_one", []byte("private"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(box)
	f.Add("")
	f.Add("v1.")
	f.Add("v1.AAAA")
	f.Fuzz(func(t *testing.T, in string) {
		plain, err := unseal("key_one", in, secret, nil)
		if err == nil && string(plain) != "private" {
			t.Errorf("got %q from a box that we did not seal", plain)
		}
	})
}
