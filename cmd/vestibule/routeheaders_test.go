package main

import (
	"encoding/json"
	"strings"
	"testing"

	"vestibule/internal/settings"
)

func TestRoutesExplainsHeaders(t *testing.T) {
	t.Parallel()
	got := explained(t, "/api/shop/orders/7 --explain --header=x-trace,X_Odd")
	wantLines(t, got,
		`goes to  GET https://shop.internal/v2/orders/7`,
		`headers that /api/shop/ forwards`,
		`  Accept  yes: passes on every route`,
		`  X-Tenant  yes: is in forward_headers or PROXY_FORWARD_HEADERS`,
		`  Cookie  no: it holds the session's secret`,
		`  Authorization  no: .*; the proxy sends the session's token`,
		`  Upgrade  no: the route has no WebSockets`,
		`  X-Trace  no: is not listed; add it to forward_headers of the route, or to PROXY_FORWARD_HEADERS`,
		`  X_odd  no: many servers read _ as -.*`,
		`  X-Requested-With  no: is not listed.*`,
		`  X-Forwarded-For  no: the proxy writes it itself`,
	)
	if strings.Contains(got, "/api/proxy/") {
		t.Errorf("got %s, want the headers of one route", got)
	}
	all := explained(t, "--explain")
	wantLines(t, all, `headers that /api/shop/public/ forwards`, `headers that /api/proxy/ forwards`,
		`  Authorization  no: .*; the route sends no token`,
		`  Sec-Websocket-Protocol  yes: with a WebSocket handshake only`,
		`  Content-Length  yes: as the length of the body`,
	)
	var row headerJSON
	line, _, _ := strings.Cut(explained(t, "--explain --json"), "\n")
	if err := json.Unmarshal([]byte(line), &row); err != nil || row.Route != "/api/shop/public/" || !row.Forwarded {
		t.Errorf("got %s, %v", line, err)
	}
}

// TestAHeaderNameHasNoSpace: it would silently be explained as two headers.
func TestAHeaderNameHasNoSpace(t *testing.T) {
	t.Parallel()
	for _, url := range [][]string{nil, {"/api/proxy/x"}} {
		var stdout, stderr strings.Builder
		code := run(t.Context(), append([]string{"routes", "--header=X-A, X Y"}, url...), settings.Environment{}, strings.NewReader(""), &stdout, &stderr)
		if code != exitUsage || stdout.Len() > 0 || !strings.Contains(stderr.String(), `--header="X Y" has a space`) {
			t.Errorf("%v: got code %d, %q, %q", url, code, stdout.String(), stderr.String())
		}
	}
	wantLines(t, explained(t, "--header=X-A,X-B"), `  X-B  no: is not listed.*`)
}
