//go:build unix

package settings

import (
	"math"

	"golang.org/x/sys/unix"
)

// maxOpenFiles is how many files, connections among them, this process may have open, and 0
// where nobody has said. The Go runtime has raised the soft limit to the hard one.
func maxOpenFiles() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || limit.Cur > math.MaxInt32 {
		return 0
	}
	return int(limit.Cur)
}
