package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"vestibule/internal/jose"
	"vestibule/internal/openapitest"
	"vestibule/store"
)

// heldOpen is a request whose head has been read, but not its body.
type heldOpen struct {
	conn   net.Conn
	answer *bufio.Reader
	method string
	body   string
	asked  bool // the server asked for the body
}

// open sends the head of a request. The first answer shows whether a handler waits for the
// body: then it is 100 Continue.
func (s *surface) open(tb testing.TB, method, path, body string, header http.Header) *heldOpen {
	tb.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: api\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n", method, path, len(body))
	if err := header.Write(conn); err != nil {
		tb.Fatal(err)
	}
	_, _ = io.WriteString(conn, "Content-Type: application/json\r\n\r\n")
	h := &heldOpen{conn: conn, answer: bufio.NewReader(conn), method: method, body: body}
	line, err := h.answer.Peek(len("HTTP/1.1 100"))
	if err != nil {
		tb.Fatalf("%s %s: %v", method, path, err)
	}
	if h.asked = strings.HasSuffix(string(line), "100"); h.asked {
		if _, err := http.ReadResponse(h.answer, nil); err != nil {
			tb.Fatal(err)
		}
		_, _ = io.WriteString(conn, body[:1])
	}
	return h
}

// close sends the rest of the body and reads the answer.
func (h *heldOpen) close(tb testing.TB) reply {
	tb.Helper()
	if h.asked {
		_, _ = io.WriteString(h.conn, h.body[1:])
	}
	res, err := http.ReadResponse(h.answer, &http.Request{Method: h.method})
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return reply{res, string(read)}
}

// later is a valid token of ada at any time.
func (s *surface) later(tb testing.TB) http.Header {
	claims := goodClaims(ada)
	claims["iat"], claims["exp"] = s.clock.Now().Unix(), s.clock.Now().Add(time.Minute).Unix()
	return auth(mintWith(tb, jwt.SigningMethodHS256, testSecret, nil, claims))
}

// TestATokenThatExpiresDuringTheBodyChangesNothing holds a body open at every route of the
// router. New routes are included automatically.
func TestATokenThatExpiresDuringTheBodyChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFederation(t)
	f.waitForKeys(t)
	t.Cleanup(f.server.EndStreams) // net/http does not see that their readers leave with an unsent body
	f.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, auth(mint(t, ada)))
	before := f.do(t, "GET", "/api/me/tasks", "", auth(mint(t, ada))).body
	foreign := auth(mintWith(t, jwt.SigningMethodES256, f.BatchKey, kidOne, foreignClaims(batchIssuer, "tasks", TasksRead+" "+TasksWrite, nil)))
	callers := map[string]http.Header{
		"a user":                         auth(mint(t, ada)),
		"a user with an Idempotency-Key": with(auth(mint(t, ada)), "Idempotency-Key", "k"),
		"a service":                      service(reports, `,"scope":"tasks:read tasks:write"`),
		"a service of a further issuer":  foreign,
	}
	for _, route := range openapitest.RoutesOf(t, f.server.routes()) {
		method, template, _ := strings.Cut(route, " ")
		id, body := "1", contract.Body(t, route)
		takesBody := body != ""
		if !takesBody { // if the handler reads a body anyway, it is checked too
			id, body = "999", "{}"
		}
		path := strings.NewReplacer("{user_id}", ada, "{id}", id).Replace(template)
		for name, header := range callers {
			t.Run(route+" of "+name, func(t *testing.T) {
				f.clock.Set(noon)
				h := f.open(t, method, path, body, header)
				if h.asked != takesBody {
					t.Errorf("got a handler that reads the body: %t, and openapi.json says %t", h.asked, takesBody)
				}
				if !h.asked {
					return
				}
				f.clock.Set(noon.Add(5*time.Minute + jose.Skew))
				h.close(t).isProblem(t, 401, "Token has expired")
				if after := f.do(t, "GET", "/api/me/tasks", "", f.later(t)).body; after != before {
					t.Errorf("got %s, want %s as before", after, before)
				}
			})
		}
	}
	t.Run("within the jose.Skew it is still good", func(t *testing.T) {
		f.clock.Set(noon)
		h := f.open(t, "PUT", "/api/me/tasks/1", `{"title":"b"}`, auth(mint(t, ada)))
		f.clock.Set(noon.Add(5*time.Minute + jose.Skew - time.Millisecond))
		if res := h.close(t); res.StatusCode != 200 {
			t.Errorf("got %d %s, want 200", res.StatusCode, res.body)
		}
	})
}

// TestAUserWhoIsDeletedDuringTheBodyIsRefused: the account is gone when the body is
// complete.
func TestAUserWhoIsDeletedDuringTheBodyIsRefused(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *surface) {
		token := auth(mint(t, ada))
		s.do(t, "POST", "/api/me/tasks", `{"title":"a"}`, token)
		post := s.open(t, "POST", "/api/me/tasks", `{"title":"b"}`, token)
		keyed := s.open(t, "POST", "/api/me/tasks", `{"title":"b"}`, with(token, "Idempotency-Key", "k"))
		put := s.open(t, "PUT", "/api/me/tasks/1", `{"title":"b"}`, token)
		if err := s.store.Tx(t.Context(), "test", func(tx *store.Tx) error {
			return tx.DeleteUser(ada, store.Event{At: noon, Type: store.EventUserDeleted})
		}); err != nil {
			t.Fatal(err)
		}
		post.close(t).isProblem(t, 401, "Invalid authentication credentials")
		keyed.close(t).isProblem(t, 401, "Invalid authentication credentials")
		put.close(t).isProblem(t, 404, "Task not found")
	})
}

// TestAKeyThatIsWithdrawnDuringTheBodyIsRefused: its tokens are no longer valid.
func TestAKeyThatIsWithdrawnDuringTheBodyIsRefused(t *testing.T) {
	t.Parallel()
	f := newFederation(t)
	f.waitForKeys(t)
	token := auth(mintWith(t, jwt.SigningMethodES256, f.BatchKey, kidOne, foreignClaims(batchIssuer, "tasks", TasksWrite, nil)))
	h := f.open(t, "POST", "/api/"+ada+"/tasks", `{"title":"b"}`, token)
	fresh := newECKey(t)
	f.Batch.Publishes(jwkOf(t, "two", fresh))
	// A token with the new key causes a fetch.
	f.do(t, "GET", "/api/me/tasks", "", auth(mintWith(t, jwt.SigningMethodES256, fresh, map[string]any{"kid": "two"}, foreignClaims(batchIssuer, "tasks", TasksRead, nil)))).is(t, 200, "[]")
	h.close(t).isProblem(t, 401, "Invalid token")
}
