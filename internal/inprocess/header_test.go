package inprocess

import (
	"bufio"
	"bytes"
	"net/http"
	"net/textproto"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzHeadersCrossAsOnAWire holds carry to what net/http writes and reads.
func FuzzHeadersCrossAsOnAWire(f *testing.F) {
	f.Add("X-A", "1", "x-a", " 2\t")
	f.Add("x-a", "1", "X-a", "2")
	f.Add("X-Ab", "1", "X-AB", "2")
	f.Add("X A", "1", "", "2")
	f.Add("X-A", "1\r\nX-Injected: 2", "X-Ünicode", "ünïcode \xff")
	f.Add("x_a", "\x00", "Pragma", "no-cache")
	f.Add("a", "\x7f", "A", "")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		h := http.Header{name1: {value1}}
		h[name2] = append(h[name2], value2)

		var wire bytes.Buffer
		if err := h.Write(&wire); err != nil {
			t.Fatal(err)
		}
		wire.WriteString("\r\n")
		read, wantErr := textproto.NewReader(bufio.NewReader(&wire)).ReadMIMEHeader()
		want := http.Header(read)
		if want.Get("Pragma") == "no-cache" && !has(want, "Cache-Control") {
			want.Set("Cache-Control", "no-cache")
		}

		got, err := carry(h, true)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("of %q: got error %v, want %v", h, err, wantErr)
		}
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			t.Fatalf("of %q: got (+), want (-):\n%s", h, diff)
		}
		if strict, err := carry(h, false); err == nil {
			if diff := cmp.Diff(want, strict); diff != "" {
				t.Fatalf("strictly, of %q: got (+), want (-):\n%s", h, diff)
			}
		}
	})
}
