//go:build unix && !linux

package pgtest

const memory = ""

func hasRoom(string) bool { return false }
