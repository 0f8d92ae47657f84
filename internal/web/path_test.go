package web

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
)

// The paths go over a socket, because the server's reading of a request target is a part of
// the test.
func TestAmbiguousPathsAreRefused(t *testing.T) {
	t.Parallel()
	var forwarded string
	ts := startServer(t, Handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := CheckPath(r); err != nil {
			return err
		}
		forwarded = r.URL.EscapedPath()
		return nil
	}, writeTestError))

	for _, target := range []string{
		"/..", "/../a", "/a/..", "/a/../b", "/.", "/./a", "/a/.", "/a/./b",
		"/%2e%2e/a", "/%2E%2E/a", "/%2E%2e/a", "/.%2e/a", "/%2e./a", "/a/%2e", "/a/%2E/b",
		"/..;/a", "/..;x=1/a", "/.;x/a", "/%2e%2e;x/a", "/..%3Bx/a", "/%2e%2e%3bx/a",
		"/a%2Fb", "/a%2fb", "/%2F", "/a/%2f..", "/users/1%2Ftasks",
		`/users/1%2Ftasks"`, "/users/1%2Ftasks|", "/users/1%2Ftasks\u00e4", "/users/1%2ftasks#", // RawPath is not a valid encoding
		"/a%5Cb", "/a%5cb", `/a\b`, `/\`, `/..\a`, `/a%5C..%5Cb`,
		"//", "//a", "/a//b", "/a//", "///", "//evil.example/a",
		"/a%00", "/%00", "/a%0d", "/a%0A", "/a%0D%0Ab", "/a%09", "/a%7f", "/a%1b",
		"/%", "/%2", "/%zz", "/a%", "/%u002e",
		"http://x/a/../b", "http://x//a", "http://x/a%2Fb", "http://x", "http:/../a", "http:a", "http:%2e%2e/a",
		"*", "a", "x/../y",
	} {
		c := dial(t, ts)
		c.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if res, body := c.answer(); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: got status %d %s, want 400; it would be routed as %s", target, res.StatusCode, body, forwarded)
		}
	}
	for target, want := range map[string]string{
		"/":                    "/",
		"/a/b":                 "/a/b",
		"/a/":                  "/a/",
		"/%252e%252e/a":        "/%252e%252e/a", // one literal: it is decoded once, by the API
		"/a%252Fb":             "/a%252Fb",
		"/...":                 "/...",
		"/..a/b..":             "/..a/b..",
		"/a;x=1/b":             "/a;x=1/b",
		"/;":                   "/;",
		"/a%20b":               "/a%20b",
		"/a%c3%a4":             "/a%c3%a4",
		"/a\u00e4":             "/a%C3%A4",
		"/a|b":                 "/a%7Cb",
		"/a%7Cb":               "/a%7Cb",
		"/a?x=/../%2F":         "/a",
		"/%61":                 "/%61",
		"/a:b@c":               "/a:b@c",
		"http://other.test/a":  "/a",
		"http://other.test/a/": "/a/",
	} {
		c := dial(t, ts)
		forwarded = ""
		c.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if res, body := c.answer(); res.StatusCode != http.StatusOK || forwarded != want {
			t.Errorf("%s: got status %d %s, path %q, want 200 and %q", target, res.StatusCode, body, forwarded, want)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		"/", "/a/b", "/a/", "//", "/../a", "/%2e%2e/a", "/%252e", "/a%2Fb", `/a\b`, "/a%5cb", "/a%00", "/..;x", "/a|%2F", "/%", "/ä%2f", "*", "http:a", "/a%20b;c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target) // as net/http does
		if err != nil {
			return
		}
		if CheckPath(&http.Request{URL: u}) != nil {
			return
		}
		// Accepted: the text as sent, the text that is routed and forwarded, and their
		// decoded form have the same segments. No server takes any of them for a separator
		// or a dot segment.
		sent := target
		if u.Scheme != "" {
			sent = u.EscapedPath()
		}
		sent, _, _ = strings.Cut(sent, "?")
		raw, routed := strings.Split(sent, "/"), strings.Split(u.EscapedPath(), "/")
		plain := strings.Split(u.Path, "/")
		if len(raw) != len(plain) || len(routed) != len(plain) {
			t.Fatalf("%q is routed as %q and read as %q", sent, u.EscapedPath(), u.Path)
		}
		for i, segment := range plain {
			for _, escaped := range []string{raw[i], routed[i]} {
				if got, err := url.PathUnescape(escaped); err != nil || got != segment {
					t.Fatalf("segment %q of %q is %q, %v, want %q", escaped, target, got, err, segment)
				}
			}
			if strings.ContainsAny(segment, "/\\\x00\r\n") {
				t.Fatalf("segment %q of %q holds a separator", segment, target)
			}
		}
		if want := strings.TrimSuffix(u.Path, "/"); u.Path != "/" && path.Clean(u.Path) != want {
			t.Fatalf("%q cleans to %q", u.Path, path.Clean(u.Path))
		}
		if upstream, err := url.ParseRequestURI(u.EscapedPath()); err != nil || upstream.Path != u.Path {
			t.Fatalf("%q is forwarded as %q and read as %v, %v", target, u.EscapedPath(), upstream, err)
		}
	})
}

// FuzzPlainPath compares the quick look at a path with the whole check.
func FuzzPlainPath(f *testing.F) {
	for _, seed := range []string{"", "/", "/a/b", "//", "/./a", "/../a", "/..a", "/a;b", `/a\b`, "/a\x7f", "a", "/\u00e4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		// With an escape in it, the path is checked as a whole.
		if fault := pathFault(strings.TrimSuffix(path, "/") + "/%61"); isPlainPath(path) && fault != "" {
			t.Errorf("%q: got no fault, want that it %s", path, fault)
		}
	})
}

func TestUnescape(t *testing.T) {
	t.Parallel()
	for escaped, want := range map[string]string{
		"": "", "/a": "/a", "%61": "a", "/%2F%2f": "///", "%2561": "%61", "%": "%", "%4": "%4", "%zz%41": "%zzA", "a%41": "aA", "%00": "\x00", "%C3%A9": "é", "%FF": "\xff",
	} {
		if got := Unescape(escaped); got != want {
			t.Errorf("%q: got %q, want %q", escaped, got, want)
		}
	}
}
