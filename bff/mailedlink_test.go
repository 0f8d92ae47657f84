package bff_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"vestibule/internal/mailtest"
	"vestibule/internal/opaque"
	"vestibule/store"
)

// tokenOf returns the token in a link.
func tokenOf(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || !opaque.Valid(u.Query().Get("token")) {
		t.Fatalf("got link %q, %v; want one with a token", link, err)
	}
	return u.Query().Get("token")
}

// TestInventedTokensDoNotBlockARealLink: a foreign page can make a browser request a hundred
// of our links with made-up tokens, for example as images.
func TestInventedTokensDoNotBlockARealLink(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		s.server.DelayNothing()
		v := s.visitor()
		v.signUp("ada@example.com")
		v.want(v.do("POST", "/api/auth/request-password-reset", `{"email":"ada@example.com"}`), 200, "")
		_, token, _ := strings.Cut(s.link("ada@example.com", 1), "/reset-password/")
		x := s.visitor()
		for range 50 {
			x.want(x.follow("/api/auth/verify-email?token=x"), 401, "INVALID_TOKEN")
			x.want(x.follow("/api/auth/verify-email?token="+opaque.NewToken()), 401, "INVALID_TOKEN")
			x.want(x.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+opaque.NewToken()+`"}`), 400, "INVALID_TOKEN")
			x.want(x.do("POST", "/api/auth/undo-email", `{"token":"`+opaque.NewToken()+`"}`), 401, "INVALID_TOKEN")
		}
		x.want(x.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"`+token+`"}`), 200, "")
	})
}

// TestMalformedTokensAreNotLookedUp: they are refused even while the database is unreachable.
func TestMalformedTokensAreNotLookedUp(t *testing.T) {
	t.Parallel()
	server, db := ownServer(t)
	v := newSite(t, db).visitor()
	server.Stop(t)
	v.want(v.follow("/api/auth/verify-email?token=x"), 401, "INVALID_TOKEN")
	v.want(v.do("POST", "/api/auth/verify-email", `{"token":"x","password":"y"}`), 401, "INVALID_TOKEN")
	v.want(v.do("POST", "/api/auth/undo-email", `{"token":"x"}`), 401, "INVALID_TOKEN")
	v.want(v.do("POST", "/api/auth/reset-password", `{"newPassword":"`+another+`","token":"x"}`), 400, "INVALID_TOKEN")
	if a := v.follow("/api/auth/reset-password/x?callbackURL=/y"); a.status != 302 {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

// TestGuessesAtALinkAreLimited: the limit does not affect a signed-in user.
func TestGuessesAtALinkAreLimited(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v, guesser := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		confirm, _ := v.change("ada@example.com", "typo@example.com", 1)
		for range 10 {
			guesser.want(guesser.prove(confirm, "password", "wrong horse battery"), 400, "INVALID_PASSWORD")
		}
		guesser.wantTooMany(guesser.prove(confirm, "password", own))
		if n := len(s.events(store.EventPasswordFailed)); n != 10 {
			s.t.Errorf("got %d events, want 10", n)
		}
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"`+own+`"}`), 200, "")
		v.want(v.follow(confirm), 302, "")
	})
}

// useLastResponse keeps a client from following a redirect.
func useLastResponse(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

var linkPattern = regexp.MustCompile(`https?://\S+/api/auth/\S+`)

// mail waits for the n-th mail to an address and returns its text.
func (s *site) mail(to string, n int) string {
	s.t.Helper()
	return mailtest.Wait(s.t, s.mails, to, n)
}

// link returns the path and query of the link in the n-th mail to an address.
func (s *site) link(to string, n int) string {
	s.t.Helper()
	found := linkPattern.FindString(s.mail(to, n))
	if !strings.HasPrefix(found, s.url+"/") {
		s.t.Fatalf("got link %q in the mail to %s, want one of %s", found, to, s.url)
	}
	return strings.TrimPrefix(found, s.url)
}

// follow requests a link, as a click does, but follows no redirect.
func (v *visitor) follow(path string) answer {
	v.t.Helper()
	v.client.CheckRedirect = useLastResponse
	return v.do("GET", path, "")
}
