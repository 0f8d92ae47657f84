package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// answer is an HTTP response.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// browser is an HTTP client that keeps cookies and sends an Origin, as a browser does.
type browser struct {
	t       testing.TB
	client  *http.Client
	streams http.RoundTripper // for event streams; nil: the default
	origin  string
}

func newBrowser(t testing.TB, origin string) *browser {
	t.Helper()
	return &browser{t: t, origin: origin, client: &http.Client{Jar: newJar(t), Timeout: patience, Transport: documented(t)}}
}

func (b *browser) send(method, target, body string, header ...string) answer {
	b.t.Helper()
	if method != http.MethodGet {
		header = append([]string{"Origin", b.origin}, header...)
	}
	return b.sendRaw(method, target, body, header...)
}

// sendRaw sends only the given headers, and no Origin. It leaves out a header with an empty
// value. A + before a name adds a second line.
func (b *browser) sendRaw(method, target, body string, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		name, second := strings.CutPrefix(header[i], "+")
		switch {
		case header[i+1] == "":
		case second:
			r.Header.Add(name, header[i+1])
		default:
			r.Header.Set(name, header[i+1])
		}
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return answerOf(b.t, res)
}

// answerOf reads an answer and closes its body.
func answerOf(t testing.TB, res *http.Response) answer {
	t.Helper()
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(data)}
}

// cookie returns the value of the session cookie, or "".
func (b *browser) cookie() string {
	u, err := url.Parse(b.origin)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == "better-auth.session_token" {
			return c.Value
		}
	}
	return ""
}

func (b *browser) want(got answer, status int, part string) answer {
	b.t.Helper()
	if got.status != status || !strings.Contains(got.body, part) {
		b.t.Fatalf("got %v, want %d with %q", got, status, part)
	}
	return got
}
