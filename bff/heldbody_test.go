package bff_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/mux"

	"vestibule/bff"
	"vestibule/store"
)

// TestABodyHeldOpenDuringARevocationChangesNothing sends the head of a request and waits until
// the server asks for the body. Then the owner ends the session, and the test sends the body.
// It tests every route that takes a body, so new routes are included: the body has every field
// that any route reads.
func TestABodyHeldOpenDuringARevocationChangesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		client := s.service("thief", "tasks:read token:exchange")
		for i, path := range s.unsafeRoutes() {
			s.t.Run(path, func(t *testing.T) {
				here := *s
				here.t = t
				c := *client
				c.site = &here
				here.holdOpen(path, fmt.Sprintf("owner%d@example.com", i), &c)
			})
		}
	}, func(c *bff.Config) { c.RateLimitOff = true })
}

// unsafeRoutes returns the paths that accept POST.
func (s *site) unsafeRoutes() []string {
	s.t.Helper()
	var paths []string
	err := s.server.Routes().Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		methods, _ := route.GetMethods()
		if err == nil && strings.HasPrefix(path, "/api/auth/") && strings.Contains(strings.Join(methods, " "), http.MethodPost) {
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil || len(paths) < 15 {
		s.t.Fatalf("got routes %v, %v", paths, err)
	}
	return paths
}

// holdOpen holds one request of a thief open while the owner ends their session.
func (s *site) holdOpen(path, email string, client *service) {
	owner, thief := s.visitor(), s.visitor()
	far := handle(s.t, owner.signUp(email))
	thief.signIn(email, "paper-lantern-42")
	media, body := s.everyField(path, email, far, client, thief)

	// The answer without a session shows whether the route needs one.
	withoutSession := s.visitor().do("POST", path, body, "Content-Type", media)
	member := withoutSession.status == 401 && strings.Contains(withoutSession.body, `"UNAUTHORIZED"`)
	if member {
		// With a live session the request passes the guard. Otherwise the test would show
		// nothing. (A deletion would leave no account for the rest of the test.)
		a := s.visitor()
		a.signIn(email, "paper-lantern-42")
		if got := a.do("POST", strings.ReplaceAll(path, "delete-user", "verify-password"), body, "Content-Type", media); got.status == 401 {
			s.t.Fatalf("got %d %s with a live session", got.status, got.body)
		}
		owner, thief = s.visitor(), s.visitor() // the request above may have signed them out
		owner.signInWithEither(email)
		thief.signInWithEither(email)
	}

	held := s.hold(path, media, body, thief.cookieHeader())
	owner.want(owner.do("POST", "/api/auth/revoke-other-sessions", "{}"), 200, "")
	before := s.stateOf(email)
	status, answer := held()
	if member && status != 401 {
		s.t.Errorf("got %d %s, want 401", status, answer)
	}
	if strings.HasSuffix(path, "/oauth2/token") && (status != 400 || !strings.Contains(answer, "session has ended")) {
		s.t.Errorf("got %d %s, want the subject token refused", status, answer)
	}
	if strings.HasSuffix(path, "/oauth2/introspect") && strings.TrimSpace(answer) != `{"active":false}` {
		s.t.Errorf("got %d %s, want the token inactive", status, answer)
	}
	if member {
		if d := cmp.Diff(before, s.stateOf(email)); d != "" {
			s.t.Errorf("the request has changed the account (-before +after):\n%s", d)
		}
	}
}

// signInWithEither signs in with the password, whether or not it was changed.
func (v *visitor) signInWithEither(email string) {
	v.t.Helper()
	for _, pw := range []string{"paper-lantern-42", thiefsPassword} {
		if v.do("POST", "/api/auth/sign-in/email", `{"email":"`+email+`","password":"`+pw+`"}`).status == 200 {
			return
		}
	}
	v.t.Fatalf("%s cannot sign in", email)
}

const thiefsPassword = "the thief's own one"

// everyField returns a body with every field that any route reads.
func (s *site) everyField(path, email, handle string, client *service, thief *visitor) (media, body string) {
	if strings.HasPrefix(path, "/api/auth/oauth2/") {
		return "application/x-www-form-urlencoded", url.Values{
			"token":      {thief.userToken()},
			"grant_type": {exchange}, "subject_token": {thief.userToken()}, "subject_token_type": {accessToken},
			"client_id": {client.id}, "client_secret": {client.secret},
		}.Encode()
	}
	text, err := json.Marshal(map[string]any{
		"email": email, "newEmail": "thief-" + email, "name": "Mallory", "image": "https://evil.example/m.png",
		"password": "paper-lantern-42", "currentPassword": "paper-lantern-42", "newPassword": thiefsPassword,
		"token": handle, "rememberMe": true, "revokeOtherSessions": true, "callbackURL": "/x", "redirectTo": "/x",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return "application/json", string(text)
}

// hold sends the head of a request and returns when the server asks for the body. The
// returned function sends the body and reads the answer.
func (s *site) hold(path, media, body, cookie string) func() (status int, answer string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
		path, cookie, media, len(body))
	if _, err := io.WriteString(conn, head); err != nil {
		s.t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	line, err := answers.ReadString('\n')
	if err != nil || !strings.Contains(line, " 100 ") {
		s.t.Fatalf("got %q, %v, want 100 Continue", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil { // the empty line
		s.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, body[:1]); err != nil {
		s.t.Fatal(err)
	}
	return func() (int, string) {
		if _, err := io.WriteString(conn, body[1:]); err != nil {
			s.t.Fatal(err)
		}
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
}

// accountState is the part of a user that a request could change.
type accountState struct {
	User     store.User
	Password string
	Sessions []string
	Events   int
}

func (s *site) stateOf(email string) accountState {
	s.t.Helper()
	user, hash, err := s.db.CredentialByEmail(s.t.Context(), email)
	if err != nil {
		s.t.Fatal(err)
	}
	state := accountState{User: user, Password: hash}
	rows, err := s.db.SessionsOf(s.t.Context(), user.ID, s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, row := range rows {
		state.Sessions = append(state.Sessions, row.ID)
	}
	events, err := s.db.Events(s.t.Context(), store.EventFilter{UserID: user.ID}, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	state.Events = len(events)
	return state
}
