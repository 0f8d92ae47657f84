package bff

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestWhoMaySendUnsafeRequests tests the rules at the top of origin.go alone.
func TestWhoMaySendUnsafeRequests(t *testing.T) {
	t.Parallel()
	const own, listed, evil = "https://bff.example.com", "https://app.example.com:8443", "https://evil.example"
	o := testOrigins(t)
	for _, tt := range []struct {
		name   string
		header http.Header
		want   bool
	}{
		{"no browser", http.Header{}, true},
		{"our origin", http.Header{"Origin": {own}}, true},
		{"a listed origin", http.Header{"Origin": {listed}, "Sec-Fetch-Site": {"cross-site"}}, true},
		{"a foreign origin", http.Header{"Origin": {evil}}, false},
		{"a foreign origin that says it is the same", http.Header{"Origin": {evil}, "Sec-Fetch-Site": {"same-origin"}}, false},
		{"a foreign origin with our Referer", http.Header{"Origin": {evil}, "Referer": {own + "/"}}, false},
		{"null", http.Header{"Origin": {"null"}}, false},
		{"an empty origin", http.Header{"Origin": {""}}, false},
		{"another port", http.Header{"Origin": {own + ":444"}}, false},
		{"another scheme", http.Header{"Origin": {"http://bff.example.com"}}, false},
		{"two origins, ours first", http.Header{"Origin": {own, evil}}, false},
		{"two origins, ours last", http.Header{"Origin": {evil, own}}, false},
		{"our origin twice", http.Header{"Origin": {own, own}}, false},

		{"our Referer", http.Header{"Referer": {own + "/page?x=1"}}, true},
		{"a listed Referer", http.Header{"Referer": {listed + "/"}}, true},
		{"a foreign Referer", http.Header{"Referer": {evil + "/"}}, false},
		{"a foreign Referer that says it is the same", http.Header{"Referer": {evil + "/"}, "Sec-Fetch-Site": {"same-origin"}}, false},
		{"a Referer that names us in its path", http.Header{"Referer": {evil + "/" + own}}, false},
		{"a Referer that cannot be read", http.Header{"Referer": {"https://bff.example.com:x/"}}, false},
		{"an empty Referer", http.Header{"Referer": {""}}, false},
		{"two Referers, ours first", http.Header{"Referer": {own + "/", evil + "/"}}, false},
		{"two Referers, ours last", http.Header{"Referer": {evil + "/", own + "/"}}, false},

		{"same-origin", http.Header{"Sec-Fetch-Site": {"same-origin"}}, true},
		{"typed by the user", http.Header{"Sec-Fetch-Site": {"none"}}, true},
		{"same-site", http.Header{"Sec-Fetch-Site": {"same-site"}}, false},
		{"cross-site", http.Header{"Sec-Fetch-Site": {"cross-site"}}, false},
		{"two words, the right one first", http.Header{"Sec-Fetch-Site": {"same-origin", "cross-site"}}, false},
		{"a word that is unknown", http.Header{"Sec-Fetch-Site": {"elsewhere"}}, false},
	} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, "PURGE"} {
			r := httptest.NewRequest(method, "/", nil)
			r.Header = tt.header
			if got := o.allow(r); got != tt.want {
				t.Errorf("%s with %s: got %t, want %t", method, tt.name, got, tt.want)
			}
		}
	}
}

// TestWhoMayOpenAWebSocket: a handshake is a GET, so the rules for unsafe requests do not apply.
func TestWhoMayOpenAWebSocket(t *testing.T) {
	t.Parallel()
	const own, listed, evil = "https://bff.example.com", "https://app.example.com:8443", "https://evil.example"
	o := testOrigins(t)
	for _, tt := range []struct {
		name    string
		origins []string
		want    bool
	}{
		{"ours", []string{own}, true},
		{"a listed one", []string{listed}, true},
		{"a foreign one", []string{evil}, false},
		{"null", []string{"null"}, false},
		{"none", nil, false},
		{"two, ours first", []string{own, evil}, false},
		{"two, ours last", []string{evil, own}, false},
		{"ours twice", []string{own, own}, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Origin"] = tt.origins
		if got := o.allowUpgrade(r); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
}
