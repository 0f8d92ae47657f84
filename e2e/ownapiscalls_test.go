package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func (a *ownAPIs) graphQL(t *testing.T, ada, bob *browser, adaID string) {
	ask := func(b *browser, query string, variables map[string]string) answer {
		body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
		if err != nil {
			t.Fatal(err)
		}
		got := b.send("POST", a.bff+"/api/proxy/app/graphql", string(body))
		if kind := got.header.Get("Content-Type"); kind != "application/graphql-response+json" {
			t.Errorf("got Content-Type %q", kind)
		}
		return got
	}
	const add = `mutation Add($text: String!) { addNote(text: $text) { id author } }`
	added := decode[struct {
		Data struct{ AddNote struct{ ID, Author string } }
	}](t, ada.want(ask(ada, add, map[string]string{"text": "Buy milk"}), 200, "addNote"))
	if added.Data.AddNote.Author != adaID {
		t.Errorf("got author %q, want the user of the session, %s", added.Data.AddNote.Author, adaID)
	}
	const read = `query Read($id: ID!) { note(id: $id) { text author } }`
	want := fmt.Sprintf(`{"data":{"note":{"text":"Buy milk","author":%q}}}`, adaID)
	bob.want(ask(bob, read, map[string]string{"id": added.Data.AddNote.ID}), 200, want)
	ada.want(ask(ada, add, map[string]string{"text": ""}), 200, `"message":"A note needs a text"`)
	ada.want(ask(ada, "{ secrets }", nil), 400, "Cannot query field 'secrets'")
}

// events: the second event is made only after the first has arrived.
func (a *ownAPIs) events(t *testing.T, b *browser, id string) {
	const path = "/api/proxy/app/events"
	next := func(stream *events, parts ...string) {
		t.Helper()
		block := stream.next()
		for strings.HasPrefix(block, ":") { // a sign of life on a slow machine
			block = stream.next()
		}
		for _, part := range parts {
			if !strings.Contains(block, part) {
				t.Errorf("got the event %q, want %q in it", block, part)
			}
		}
	}
	stream := b.watchAt(t, path)
	next(stream, "id: 1", "data: welcome "+id)
	b.want(b.send("POST", a.bff+path, "second", "Content-Type", "text/plain"), 204, "")
	next(stream, "id: 2", "data: second "+id)
	next(b.watchAt(t, path, "Last-Event-ID", "2"), "id: 3", "data: welcome "+id)
}

// redirects: the storage learns nothing of the session.
func (a *ownAPIs) redirects(t *testing.T, b *browser) {
	shown := *b.client // it shows the redirects
	shown.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	first := &browser{t: t, client: &shown, origin: b.origin}
	for _, tt := range []struct {
		method, body string
		status       int
	}{{"GET", "", 302}, {"PUT", "the new file", 307}} {
		file := a.bff + "/api/proxy/files/photo"
		got := first.want(first.send(tt.method, file, tt.body), tt.status, "")
		if to := got.header.Get("Location"); to != a.storage.url+"/photo?X-Signature=photo-signed" || got.header.Get("Authorization") != "" {
			t.Errorf("%s: got Location %q in %v", tt.method, to, got.header)
		}
		if n := a.storage.count(); n != 0 {
			t.Errorf("%s: the BFF has sent %d requests to the storage", tt.method, n)
		}
	}
	for _, method := range []string{"GET", "PUT"} {
		body := map[string]string{"PUT": "the new file"}[method]
		b.want(b.send(method, a.bff+"/api/proxy/files/photo", body), 200, fmt.Sprint(len(body)))
		at := a.storage.last(t)
		if at.method != method || at.uri != "/photo?X-Signature=photo-signed" {
			t.Errorf("the storage got %s %s", at.method, at.uri)
		}
		if auth, cookie := at.header.Get("Authorization"), at.header.Get("Cookie"); auth != "" || strings.Contains(cookie, b.cookie()) {
			t.Errorf("%s: the storage got Authorization %q and Cookie %q", method, auth, cookie)
		}
		first.want(first.send(method, a.bff+"/api/proxy/files/elsewhere", body), 502, "BAD_GATEWAY")
	}
}

func (a *ownAPIs) public(t *testing.T, b *browser) {
	for name, visitor := range map[string]*browser{"with a session": b, "without": newBrowser(t, a.bff)} {
		got := decode[map[string]string](t, visitor.want(visitor.send("GET", a.bff+"/api/proxy/public/echo", "", "Authorization", "Bearer forged"), 200, "x-request-id"))
		if got["authorization"] != "" || got["cookie"] != "" {
			t.Errorf("%s: the API got %v", name, got)
		}
	}
}

func (a *ownAPIs) optional(t *testing.T, b *browser, id string) {
	greeting := a.bff + "/api/proxy/hello/greeting"
	b.want(b.send("GET", greeting, ""), 200, id)
	guest, former := newBrowser(t, a.bff), newBrowser(t, a.bff)
	guest.want(guest.send("GET", greeting, "", "Authorization", "Bearer forged"), 200, `{"hello":"guest"}`)
	formerID := former.signUp("former@example.com")
	former.want(former.send("GET", greeting, ""), 200, formerID)
	cookie := "better-auth.session_token=" + former.cookie()
	former.want(former.send("POST", a.bff+"/api/auth/sign-out", ""), 200, "true")
	guest.want(guest.sendRaw("GET", greeting, "", "Cookie", cookie), 200, `{"hello":"guest"}`)
}

// upload sends a file of the largest size that the route permits. The BFF must not keep it.
func (a *ownAPIs) upload(t *testing.T, b *browser) {
	file, sum := markedFile(t, uploadLimit)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, a.bff+"/api/proxy/go/upload", file)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = uploadLimit
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("Origin", b.origin)
	before := peakMemory(t, a.processes[0].cmd.Process.Pid)
	res, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	b.want(answerOf(t, res), 200, fmt.Sprintf("%d bytes, sha256 %x", uploadLimit, sum))
	after := peakMemory(t, a.processes[0].cmd.Process.Pid)
	t.Logf("peak memory: %d KiB before, %d KiB after", before, after)
	if after-before > 64<<10 {
		t.Errorf("peak memory went from %d to %d KiB", before, after)
	}
	b.want(a.refused(t, b), 413, "BODY_TOO_LARGE")
	b.want(b.send("GET", a.bff+"/api/proxy/go/uploads", ""), 200, "1 begun")
}

// refused announces a body of one byte more, and sends nothing of it: a client that sends may
// see the end of the connection before the answer.
func (a *ownAPIs) refused(t *testing.T, b *browser) answer {
	t.Helper()
	host := strings.TrimPrefix(a.bff, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "PUT /api/proxy/go/upload HTTP/1.1\r\nHost: %s\r\nCookie: better-auth.session_token=%s\r\nContent-Length: %d\r\n\r\n", host, b.cookie(), uploadLimit+1)
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodPut})
	if err != nil {
		t.Fatal(err)
	}
	return answerOf(t, res)
}

// markedFile makes a file that has another number in each million bytes, so that its hash
// notices a part that is lost, sent twice or misplaced. It takes little space on the disk.
func markedFile(t *testing.T, size int64) (file *os.File, sum []byte) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "upload"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	err = file.Truncate(size)
	for at := int64(0); at < size; at += 1_000_000 {
		_, fault := file.WriteAt(fmt.Append(nil, at+1), at)
		err = errors.Join(err, fault)
	}
	hash := sha256.New()
	_, fault := io.Copy(hash, io.NewSectionReader(file, 0, size))
	if err = errors.Join(err, fault); err != nil {
		t.Fatal(err)
	}
	return file, hash.Sum(nil)
}
