//go:build !unix

package settings

// maxOpenFiles returns 0: this system has no such limit.
func maxOpenFiles() int { return 0 }
