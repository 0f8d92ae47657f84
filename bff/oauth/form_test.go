package oauth_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"vestibule/bff/oauth"
	"vestibule/internal/web"
)

// FuzzTokenRequest checks that for any request the credentials are valid text from one place of
// the request, or the answer is a 400 or 401 that OAuth clients can read.
func FuzzTokenRequest(f *testing.F) {
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, header := range []string{"", basic("svc_a:vcs_b"), basic("a%20b:c%3Ad"), basic("a+b::"), basic(":"), "Basic", "basic  YTpi", "Bearer x"} {
		for _, body := range []string{"", "grant_type=client_credentials", "client_id=a&client_secret=b", "client_id=a&client_id=b", "a=%00", "a=%", "a;b", "audience=a&audience=b", "%22=1&%22=2", "=&=="} {
			f.Add(header, body)
		}
	}
	f.Fuzz(func(t *testing.T, header, body string) {
		id, secret, err := oauth.ReadCredentials(header, body)
		if err != nil {
			e := web.AsError(err)
			if e.Status != 400 && e.Status != 401 || e.Code == "" || e.Code != strings.ToLower(e.Code) || id+secret != "" {
				t.Errorf("got %d %s, %q", e.Status, e.Code, id)
			}
			for _, r := range e.Message {
				if r < ' ' || r > '~' || r == '"' || r == '\\' {
					t.Errorf("got description %q, want what RFC 6749 allows", e.Message)
				}
			}
			return
		}
		for _, text := range []string{id, secret} {
			if text == "" || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
				t.Errorf("got %q, want text", text)
			}
		}
		// If a client sends the same credentials again, they are read as the same.
		again := basic(url.QueryEscape(id) + ":" + url.QueryEscape(secret))
		for _, request := range [][2]string{{again, ""}, {"", url.Values{"client_id": {id}, "client_secret": {secret}}.Encode()}} {
			if id2, secret2, err := oauth.ReadCredentials(request[0], request[1]); err != nil || id2 != id || secret2 != secret {
				t.Errorf("got %q %q, %v, want %q %q", id2, secret2, err, id, secret)
			}
		}
	})
}
