package bff_test

import (
	"testing"

	"vestibule/bff"
	"vestibule/internal/storetest"
)

// TestPasswordManagersFindTheAccountPage. They believe the address only if another one beside
// it is not found.
func TestPasswordManagersFindTheAccountPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, storetest.SQLite(t))
	v := s.visitor()
	v.client.CheckRedirect = useLastResponse
	a := v.want(v.do("GET", "/.well-known/change-password", ""), 302, "")
	if to := a.header.Get("Location"); to != "/account" {
		t.Errorf("got Location %q, want the account page", to)
	}
	v.want(v.do("GET", "/account", "", "Sec-Fetch-Mode", "navigate"), 200, "<!doctype html>")
	v.want(v.do("GET", "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200", ""), 404, "NOT_FOUND")

	s = newSite(t, storetest.SQLite(t), func(c *bff.Config) { c.WebDir = "frontend/testdata/exports/next-slash" })
	v = s.visitor()
	v.want(v.do("GET", "/.well-known/change-password", ""), 404, "NOT_FOUND") // only the team knows its pages
}
