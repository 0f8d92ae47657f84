package bff_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
	"vestibule/internal/endpoint"
	"vestibule/internal/openapigen"
	"vestibule/internal/storetest"
	"vestibule/internal/web"
	"vestibule/store"
)

// TestTheDocumentIsCurrent: openapi.json and the tables of docs/api.md match the table of
// endpoints.
func TestTheDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	const page, command = "../docs/api.md", "go generate ./bff"
	surface := newSite(t, storetest.SQLite(t)).server.Surface()
	openapigen.HoldDocument(t, "openapi.json", surface, command)
	accounts := slices.DeleteFunc(surface.Endpoints, func(e endpoint.Endpoint) bool { return !strings.HasPrefix(e.Path, "/api/auth/") })
	openapigen.HoldTable(t, page, "operations of accounts", openapigen.RowsOfTwo(accounts), command)
	openapigen.HoldTable(t, page, "refusals of accounts", openapigen.ErrorTable(bff.Refusals), command)
}

// TestThePageHasEveryCode: every code that an operation below /api/auth/ can refuse with.
func TestThePageHasEveryCode(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, row := range bff.Refusals {
		for _, e := range row.Errors {
			known[strconv.Itoa(e.Status)+" "+e.Code] = true
		}
	}
	surface := newSite(t, storetest.SQLite(t)).server.Surface()
	for _, e := range surface.Endpoints {
		for _, refusal := range openapigen.RefusalsOf(surface, e) {
			code := strconv.Itoa(refusal.Status) + " " + refusal.Code
			if strings.HasPrefix(e.Path, "/api/auth/") && e.Write == nil && !known[code] {
				t.Errorf("%s %s refuses with %s, which is in no row of the page", e.Method, e.Path, code)
			}
		}
	}
}

// TestTheTableHasEveryEvent: every event that a request can cause. Only commands and the
// server itself cause the others.
func TestTheTableHasEveryEvent(t *testing.T) {
	t.Parallel()
	caused := map[string]bool{}
	for _, e := range newSite(t, storetest.SQLite(t)).server.Surface().Endpoints {
		for _, event := range e.Doc.Events {
			caused[event] = true
		}
	}
	var others []string
	for _, event := range store.Events {
		if !caused[event] {
			others = append(others, event)
		}
	}
	want := []string{
		store.EventUserDisabled, store.EventUserEnabled, store.EventKeyCreated, store.EventKeyRetired, store.EventTokenMinted, store.EventRestored,
		store.EventClientCreated, store.EventClientRotated, store.EventClientDeleted,
	}
	if diff := cmp.Diff(want, others); diff != "" {
		t.Errorf("events that no endpoint causes (-want +got):\n%s", diff)
	}
}

// proxyRefusals are the rows of docs/api.md about the refusals of the proxy: a reason and its
// codes.
var proxyRefusals = []struct {
	when  string
	codes []string
}{
	{"no session cookie", []string{"401 NO_SESSION"}},
	{"the session is invalid, expired or revoked. The cookie is cleared, with two exceptions: the session has ended while the body was sent, or this browser has replaced the cookie within the last minute by a sign-in, a new password or a sign-out. Then the answer may be late, and the browser may have a newer cookie", []string{"401 SESSION_EXPIRED"}},
	{"an ambiguous path, an invalid query, or a body that breaks off", []string{"400 INVALID_PATH", "400 INVALID_QUERY", "400 BAD_REQUEST"}},
	{"the origin may not send this request; nothing is sent to the API", []string{"403 INVALID_ORIGIN"}},
	{"a method that is not listed; with `Allow`", []string{"405 METHOD_NOT_ALLOWED"}},
	{"over `PROXY_BODY_LIMIT`", []string{"413 BODY_TOO_LARGE"}},
	{"too many event streams, WebSockets and other answers without an end are open, for the session, its user, its address or in total; with `Retry-After`", []string{"429 TOO_MANY_STREAMS"}},
	{"the API is unreachable, or sends an invalid answer or a redirect to another site", []string{"502 BAD_GATEWAY"}},
	{"the body came too slowly", []string{"408 REQUEST_TIMEOUT"}},
	{"the API refuses our token: its secret, issuer, audience or algorithm differs", []string{"502 UPSTREAM_REJECTED_TOKEN"}},
	{"a tenth of `PROXY_MAX_REQUESTS` are in progress for this user, or a fifth for this address; with `Retry-After`. Event streams and WebSockets do not count", []string{"429 TOO_MANY_REQUESTS"}},
	{"the session cannot be looked up; the cookie is kept", []string{"503 STORE_UNAVAILABLE"}},
	{"`PROXY_MAX_REQUESTS` requests wait for the API, or half of them if there are several APIs; with `Retry-After`", []string{"503 BUSY"}},
	{"no response header within `PROXY_TIMEOUT`", []string{"504 GATEWAY_TIMEOUT"}},
	{"an internal error; the log has it under `X-Request-Id`", []string{"500 INTERNAL_SERVER_ERROR"}},
}

// TestThePageHasWhatTheProxyRefuses: every code of the proxy is on the page.
func TestThePageHasWhatTheProxyRefuses(t *testing.T) {
	t.Parallel()
	surface := newSite(t, storetest.SQLite(t)).server.Surface()
	missing := map[string]*web.Error{"405 METHOD_NOT_ALLOWED": web.MethodNotAllowed("TRACE", nil)}
	for _, e := range surface.Endpoints {
		if !strings.HasPrefix(e.Path, "/api/proxy/") {
			continue
		}
		for _, refusal := range openapigen.RefusalsOf(surface, e) {
			missing[strconv.Itoa(refusal.Status)+" "+refusal.Code] = refusal
		}
	}
	var rows []openapigen.Refusals
	for _, row := range proxyRefusals {
		r := openapigen.Refusals{When: row.when}
		for _, code := range row.codes {
			if missing[code] == nil {
				t.Fatalf("the proxy does not refuse with %s", code)
			}
			r.Errors = append(r.Errors, missing[code])
			delete(missing, code)
		}
		rows = append(rows, r)
	}
	openapigen.HoldTable(t, "../docs/api.md", "refusals of the proxy", openapigen.ErrorTable(rows), "go generate ./bff")
	for code := range missing {
		t.Errorf("the page does not say when the proxy refuses with %s", code)
	}
}
