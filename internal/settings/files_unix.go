//go:build unix

package settings

import (
	"math"

	"golang.org/x/sys/unix"
)

// maxOpenFiles returns how many files, including connections, this process may have
// open. It returns 0 if there is no limit. The Go runtime has already raised the soft
// limit to the hard limit.
func maxOpenFiles() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || limit.Cur > math.MaxInt32 {
		return 0
	}
	return int(limit.Cur)
}
