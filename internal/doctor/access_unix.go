//go:build unix

package doctor

import "golang.org/x/sys/unix"

// writable reports whether this user can create files in the folder.
func writable(folder string) bool { return unix.Access(folder, unix.W_OK|unix.X_OK) == nil }
