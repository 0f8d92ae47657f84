// Package mailtest reads the mails that a program under test leaves in a folder.
package mailtest

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience is long, for a machine that is busy with other tests.
const patience = 2 * time.Minute

// To returns the texts of the mails to an address, the oldest first.
func To(tb testing.TB, folder, address string) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	if err != nil {
		tb.Fatal(err)
	}
	slices.Sort(files)
	var texts []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		if to, text := Read(tb, data); to == address {
			texts = append(texts, text)
		}
	}
	return texts
}

// Wait waits for n mails to an address and returns the text of the n-th.
func Wait(tb testing.TB, folder, address string, n int) string {
	tb.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		texts := To(tb, folder, address)
		if len(texts) >= n {
			return texts[n-1]
		}
		if time.Now().After(end) {
			tb.Fatalf("got %d mails to %s, want %d", len(texts), address, n)
		}
	}
}

// Read returns the recipient of a mail and its plain text.
func Read(tb testing.TB, data []byte) (to, text string) {
	tb.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		tb.Fatalf("%v in a mail:\n%s", err, data)
	}
	list, err := m.Header.AddressList("To")
	if err != nil || len(list) != 1 {
		tb.Fatalf("got recipients %v, %v; want one", list, err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		tb.Fatal(err)
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextRawPart() // the plain text comes first
	if err != nil {
		tb.Fatalf("%v in a mail:\n%s", err, data)
	}
	var body io.Reader = part
	if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(part)
	}
	plain, err := io.ReadAll(body)
	if err != nil {
		tb.Fatal(err)
	}
	return list[0].Address, strings.ReplaceAll(string(plain), "\r\n", "\n")
}
