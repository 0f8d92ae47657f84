package main

import (
	"maps"

	"vestibule/internal/settings"
)

// goodSecret is a valid secret of 32 bytes. No message may contain it.
const goodSecret = "0123456789-keep-this-to-yourself"

// with returns the variables of e and more. more wins.
func with(e, more settings.Environment) settings.Environment {
	both := maps.Clone(e)
	if both == nil {
		both = settings.Environment{}
	}
	maps.Copy(both, more)
	return both
}
