//go:build !unix

package doctor

// writable is true: only a start can find out.
func writable(string) bool { return true }
