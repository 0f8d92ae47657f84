package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheLogNamesTheUserAndTheSettingButNoToken(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	good := mint(t, ada)
	s.do(t, "GET", "/api/me/tasks", "", http.Header{"Authorization": {"Bearer " + good}, "X-Request-Id": {"from-the-bff"}})
	bad := forge(plainHeader, payload(""), []byte(strings.Repeat("w", 32)))
	s.do(t, "GET", "/api/me/tasks", "", auth(bad))

	for _, want := range []string{`"surface":"api"`, `"user":"` + ada + `"`, `"request_id":"from-the-bff"`, "compare BETTER_AUTH_SECRET"} {
		s.log.Want(t, want)
	}
	log := s.log.String()
	for _, token := range []string{good, bad} {
		for part := range strings.SplitSeq(token, ".") {
			if strings.Contains(log, part) {
				t.Errorf("log: got %s, want no part of a token in\n%s", part, log)
			}
		}
	}
}

func TestTheLogShowsWhoActsForWhom(t *testing.T) {
	t.Parallel()
	s := newSurface(t, sqlite)
	s.do(t, "GET", "/api/me/tasks", "", service(ada, `,"scope":"tasks:read","act":{"sub":"svc_b","act":{"sub":"svc_a"}}`)).is(t, 200, "[]")
	s.log.Want(t, `"user":"`+ada+`"`)
	s.log.Want(t, `"act":"svc_b, svc_a"`)
	s.do(t, "POST", "/api/me/tasks", `{}`, service(bob, `,"scope":"tasks:read","act":{"sub":"svc_c"}`)).isProblem(t, 403, "Insufficient scope")
	s.log.Want(t, `"act":"svc_c"`)
}
