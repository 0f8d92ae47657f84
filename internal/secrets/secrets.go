// Package secrets keeps a change of BETTER_AUTH_SECRET from costing anybody a request or a
// session. Every running instance says by fingerprints which secrets it accepts, and which
// one it signs with.
//
// The change takes three steps, and each one needs the step before at every instance:
//
//  1. All accept the new secret, as the previous one, and sign with the old one.
//  2. All sign with the new one, and accept the old one as the previous one.
//  3. All have the new one alone.
//
// So an instance may start if every running one accepts what it will sign, and it accepts
// what they sign.
package secrets

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"vestibule/store/db"
)

// Fingerprint returns a name of a secret that reveals nothing about it.
func Fingerprint(secret []byte) (string, error) {
	sum, err := hkdf.Key(sha256.New, secret, nil, "vestibule/secret fingerprint/v1", 16)
	if err != nil {
		return "", fmt.Errorf("fingerprint of the secret: %w", err)
	}
	return hex.EncodeToString(sum), nil
}

// Held returns what an instance with these secrets says of itself.
func Held(secret []byte, previous [][]byte) (db.Instance, error) {
	i := db.Instance{Known: true}
	for _, s := range append([][]byte{secret}, previous...) {
		fingerprint, err := Fingerprint(s)
		if err != nil {
			return db.Instance{}, err
		}
		i.Accepts = append(i.Accepts, fingerprint)
	}
	i.Signs = i.Accepts[0]
	return i, nil
}

// Misfits counts the running instances with which mine cannot work.
type Misfits struct {
	Refuse int // they do not accept what mine signs
	Differ int // mine does not accept what they sign
}

// Compare compares an instance with the running ones.
func Compare(mine db.Instance, running []db.Instance) (m Misfits) {
	for _, i := range running {
		if mine.Signs != "" && len(i.Accepts) > 0 && !slices.Contains(i.Accepts, mine.Signs) {
			m.Refuse++
		}
		if i.Signs != "" && len(mine.Accepts) > 0 && !slices.Contains(mine.Accepts, i.Signs) {
			m.Differ++
		}
	}
	return m
}

// AllSign reports whether every running instance that signs does so with the secret of
// mine. It is false while an instance does not say what it signs with.
func AllSign(mine db.Instance, running []db.Instance) bool {
	return !slices.ContainsFunc(running, func(i db.Instance) bool { return !i.Known || i.Signs != "" && i.Signs != mine.Signs })
}

// Strange reports whether a running instance has a secret that mine does not know. Then a
// signature that mine cannot verify may be a good one.
func Strange(mine db.Instance, running []db.Instance) bool {
	return slices.ContainsFunc(running, func(i db.Instance) bool {
		return slices.ContainsFunc(i.Accepts, func(fingerprint string) bool { return !slices.Contains(mine.Accepts, fingerprint) })
	})
}
