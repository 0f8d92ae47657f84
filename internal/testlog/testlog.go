// Package testlog collects the output of a program under test while it runs.
package testlog

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is long, for a machine that is busy with other tests.
const patience = 2 * time.Minute

// Buffer is a bytes.Buffer that may be read while it is written. The zero value is ready to
// use.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns everything that has been written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Want waits until text has been written, and otherwise fails the test. A request is logged
// after its answer, so a client with the answer may have to wait for the record.
func (b *Buffer) Want(tb testing.TB, text string) {
	tb.Helper()
	for end := time.Now().Add(patience); !strings.Contains(b.String(), text); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("the log has no %q:\n%s", text, b)
		}
	}
}
