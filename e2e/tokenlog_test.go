package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// spellings are variants of a reset link's path: mistyped by a person, or changed by a mail
// program or a proxy. Most of them lead nowhere, but the token in them is valid.
var spellings = []string{
	"/api/auth/reset-password/TOKEN", "/api/auth/reset-password/TOKEN?callbackURL=/x", "/api/auth/reset-password/TOKEN?callbackURL=//evil.example",
	"/api/auth/reset-password/TOKEN?callbackURL=/x;y", "/api/auth/reset-password/TOKEN/", "/api/auth/reset-password/TOKEN//x", "/api/auth/reset-password/TOKEN)",
	"/API/auth/reset-password/TOKEN", "/api/auth/Reset-Password/TOKEN", "//api/auth/reset-password/TOKEN", "/api//auth/reset-password/TOKEN",
	"/api/auth/reset-password//TOKEN", "/api/auth/./reset-password/TOKEN", "/app/api/auth/reset-password/TOKEN", "/reset-password/TOKEN", "/reset-password/TOKEN.js",
	"/api/auth/%72eset-password/TOKEN", "/api/auth/reset%2dpassword/TOKEN", "/api/auth/reset-password%2FTOKEN", "/api/auth/reset-password%252FTOKEN",
	"/api/auth/reset-password%5cTOKEN", "/api/auth/reset-password\\TOKEN", "/api/auth/reset-password;a=b/TOKEN", "/api/auth/reset-password/%00TOKEN",
	"/api/auth/reset-password=TOKEN", "/api/auth/reset_password/TOKEN", "/api/auth/resetpassword/TOKEN", "/api/proxy/reset-password/TOKEN", "/api/proxy/../auth/reset-password/TOKEN",
	"http://elsewhere.example/api/auth/reset-password/TOKEN", "/api/auth/reset-password?token=TOKEN", "/api/auth/verify-email?token=TOKEN", "/reset-password?token=TOKEN",
	"/api/proxy/x?token=TOKEN;", "/api/proxy/x?token=TOKEN%zz",
}

// TestTheResetTokenIsInNoLog sends them to every port of the running product.
func TestTheResetTokenIsInNoLog(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			const token = "Xq3vN0-tokenThatOpensTheAccount_0123456789a"
			p := launch(t, shapes[0], "LOG_FORMAT="+format, "LOG_LEVEL=debug")
			sent := 0
			for _, surface := range []string{p.bff, p.api, p.admin[0]} {
				for _, spelling := range spellings {
					for _, method := range []string{"GET", "HEAD", "POST", "PROPFIND"} {
						target := strings.ReplaceAll(spelling, "TOKEN", token)
						sendAs(t, strings.TrimPrefix(surface, "http://"), method, target, p.bff+"/reset-password?token="+token)
						sent++
					}
				}
			}
			log := p.processes[0].log.String()
			for line := range strings.Lines(log) {
				if strings.Contains(line, token) {
					t.Errorf("the log has the token: %s", line)
				}
			}
			if n := strings.Count(log, "request_id"); n < sent/2 {
				t.Errorf("got %d records of %d requests, want to have looked at more", n, sent)
			}
		})
	}
}

// sendAs sends a request with a target that no client library would send. Its Referer has
// the token too.
func sendAs(t *testing.T, address, method, target, referer string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nReferer: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", method, target, address, referer)
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
}
