package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"vestibule/internal/jose"
)

func TestADamagedKeyStopsTheStartAndIsNamed(t *testing.T) {
	t.Parallel()
	clk := newClock()
	ed, ec := mustKey(t, config(jose.EdDSA, clk)), mustKey(t, config(jose.ES256, clk))
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := p384.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	onP384 := fmt.Sprintf(`{"kty":"EC","crv":"P-384","alg":"ES256","kid":%q,"x":%q,"y":%q}`, ec.ID, encode(point[1:49]), encode(point[49:]))
	private := func(s string) func(*Key) { return func(k *Key) { k.PrivateKey = s } }
	public := func(s string) func(*Key) { return func(k *Key) { k.PublicKey = s } }
	for _, tt := range []struct {
		name      string
		key       Key
		damage    func(*Key)
		signsOnly bool // can be published, but not sign
	}{
		{"a private part that is not base64", ed, private("v1.###"), true},
		{"the public part of another Ed25519 key", ed, public(mustKey(t, config(jose.EdDSA, clk)).PublicKey), true},
		{"the public part of another P-256 key", ec, public(mustKey(t, config(jose.ES256, clk)).PublicKey), true},
		{"no public part", ed, public(""), false},
		{"a public part that is not JSON", ec, public("{"), false},
		{"a public part of another algorithm", ed, public(ec.PublicKey), false},
		{"an RSA key", ec, public(`{"kty":"RSA","n":"AQAB","e":"AQAB"}`), false},
		{"a symmetric key", ed, public(`{"kty":"oct","k":"AAAA"}`), false},
		{"an X25519 key", ed, public(strings.Replace(ed.PublicKey, "Ed25519", "X25519", 1)), false},
		{"a short Ed25519 key", ed, public(`{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`), false},
		{"a point that is not on the curve", ec, public(`{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}`), false},
		{"a key on P-384", ec, public(onP384), false},
		{"a P-256 key that says P-384", ec, public(strings.Replace(ec.PublicKey, "P-256", "P-384", 1)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sound, damaged := tt.key, tt.key
			tt.damage(&damaged)
			open := func(rows ...Key) error {
				_, err := Open(t.Context(), config(tt.key.Algorithm, clk), &memory{rows: rows})
				return err
			}
			if err := open(damaged); err == nil || !strings.Contains(err.Error(), damaged.ID) {
				t.Errorf("as the signing key: got %v, want an error that names %s", err, damaged.ID)
			}

			damaged.ID, damaged.CreatedAt = "key_damaged", sound.CreatedAt.Add(-time.Hour)
			err := open(damaged, sound)
			if named := err != nil && strings.Contains(err.Error(), damaged.ID); named == tt.signsOnly {
				t.Errorf("beside the signing key: got %v, want an error that names it: %v", err, !tt.signsOnly)
			}

			ended := clk.Now().Add(-time.Hour)
			damaged.ExpiresAt = &ended
			if err := open(damaged, sound); err != nil {
				t.Errorf("when it has ended: got %v, want nil", err)
			}
		})
	}
}
