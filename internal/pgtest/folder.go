//go:build unix

package pgtest

import (
	"os"
	"testing"
)

// Folder makes a folder that the server may enter, for a tablespace.
func Folder(tb testing.TB) string {
	tb.Helper()
	folder, err := newFolder()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// Own gives a folder to the user that servers run as.
func Own(tb testing.TB, folder string) {
	tb.Helper()
	if c := unprivileged(); c != nil {
		if err := os.Chown(folder, int(c.Uid), int(c.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
}
