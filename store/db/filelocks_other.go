//go:build !linux

package db

import "os"

// Where there are no locks of open file descriptions, a file that is open by two names is
// not noticed, and processes that write to it wait for SQLite's own lock.

const fileLocks = false

func claimName(*os.File, os.FileInfo, string) error { return nil }
func trySessions(*os.File) error                    { return nil }
func tryAlone(*os.File) error                       { return nil }
func usedByOthers(*os.File) bool                    { return false }
func unlockFile(*os.File)                           {}
func canTakeTurns(*os.File) bool                    { return false }
func tryTurn(*os.File) bool                         { return true }
func waitTurn(*os.File) error                       { return nil }
func passTurn(*os.File)                             {}
