//go:build !linux

package web

import "syscall"

// LimitUnsentOf does nothing on this system.
func LimitUnsentOf(_, _ string, _ syscall.RawConn) error { return nil }
