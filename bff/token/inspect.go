package token

import (
	"errors"
	"time"

	"vestibule/internal/jose"
)

// Inspection is what a report on the signing keys says of one.
type Inspection struct {
	Status
	Previous bool  // only a previous secret opens it
	Err      error // why it cannot be used; ErrSecretDiffers: no secret opens it
}

// Inspect tries to open every key. It needs the secrets and the clock of c only.
func (c Config) Inspect(rows []Key) []Inspection {
	var list []Inspection
	for _, s := range Overview(rows, c.Now()) {
		i := Inspection{Status: s}
		switch {
		case sealed(s.PrivateKey):
			if _, i.Err = unlock(s.Key, Config{Secret: c.Secret}); errors.Is(i.Err, ErrSecretDiffers) {
				_, i.Err = unlock(s.Key, c)
				i.Previous = i.Err == nil
			}
		case s.Algorithm == jose.EdDSA, s.Algorithm == jose.ES256: // imported, and published
			_, i.Err = publicPart(s.Key)
		}
		list = append(list, i)
	}
	return list
}

// Due returns when the key after the present ones is made. It is false if nothing makes one
// by itself.
func (c Config) Due(rows []Key) (due time.Time, ok bool) {
	keys := signingKeys(rows, c.Algorithm)
	if c.Rotation <= 0 || len(keys) == 0 {
		return time.Time{}, false
	}
	return starts(keys[len(keys)-1]).Add(c.Rotation - lead), true
}
