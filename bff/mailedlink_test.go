package bff_test

import (
	"net/url"
	"strings"
	"testing"

	"vestibule/internal/opaque"
	"vestibule/store"
)

// tokenOf is the token in a link.
func tokenOf(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || !opaque.Valid(u.Query().Get("token")) {
		t.Fatalf("got link %q, %v; want one with a token", link, err)
	}
	return u.Query().Get("token")
}

// TestForeignLinksBlockNobody: a page has a hundred images whose addresses are links of
// ours with made-up tokens.
func TestForeignLinksBlockNobody(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		s.server.TellAtOnce()
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

// TestWhatIsNoTokenIsNotLookedUp, so that it is refused without a database too.
func TestWhatIsNoTokenIsNotLookedUp(t *testing.T) {
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

// TestGuessesAtALinkAreLimited and shut nobody out who is signed in.
func TestGuessesAtALinkAreLimited(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, guesser := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		confirm, _ := v.change("ada@example.com", "typo@example.com", 1)
		for range 10 {
			guesser.want(guesser.prove(confirm, "password", "wrong horse battery"), 400, "INVALID_PASSWORD")
		}
		guesser.tooMany(guesser.prove(confirm, "password", own))
		if n := len(s.events(store.EventPasswordFailed)); n != 10 {
			s.t.Errorf("got %d events, want 10", n)
		}
		v.want(v.do("POST", "/api/auth/verify-password", `{"password":"`+own+`"}`), 200, "")
		v.want(v.follow(confirm), 302, "")
	})
}
