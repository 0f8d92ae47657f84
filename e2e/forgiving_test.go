package e2e

import (
	"strings"
	"testing"
)

// TestWhatClientsReallySendIsTaken sends through the proxy: parameters that libraries and
// links add to a query, a merge patch with its own content type, a byte order mark, and the
// last event's id in a parameter.
func TestWhatClientsReallySendIsTaken(t *testing.T) {
	t.Parallel()
	for _, s := range shapes[1:3] { // PostgreSQL in one process, SQLite in two
		t.Run(s.name, func(t *testing.T) {
			p := sharedProduct(t, s)
			b := newBrowser(t, p.bff)
			b.signUp("forgiving@example.com")
			tasks := p.bff + "/api/proxy/me/tasks"
			made := b.want(b.send("POST", tasks+"?utm_source=mail&utm_source=x", "\ufeff"+`{"title":"👩\u200d🚒","description":"x"}`), 201, "👩\u200d🚒")
			b.want(b.send("GET", tasks+"?_=1700000000&user_id=usr_other&q=%F0%9F%9A%92", ""), 200, `"description":"x"`)
			b.want(b.send("GET", tasks+"?limit=0&_=1", ""), 422, `"title":"Unprocessable Content"`)
			b.want(b.send("POST", tasks, `{"title":"\u200b\u3164"}`), 422, "must have a visible character")
			b.want(b.send("POST", tasks, `{"title":"`+strings.Repeat("x", 1<<20)+`"}`), 413, `"title":"Content Too Large"`)

			one := p.bff + made.header.Get("Location")
			b.want(b.send("PATCH", one, `{"description":null}`, "Content-Type", "application/merge-patch+json"), 200, `"description":null`)
			b.want(b.send("PATCH", one, `{"title":null}`, "Content-Type", "application/merge-patch+json"), 422, `"field":"title"`)
			refused := b.want(b.send("PATCH", one, `[]`, "Content-Type", "application/json-patch+json"), 415, "")
			if got := refused.header.Get("Accept-Patch"); got != "application/merge-patch+json, application/json" {
				t.Errorf("got Accept-Patch %q", got)
			}

			stream := b.watchAt(t, "/api/proxy/me/tasks/events?lastEventId=1&_=1700000000")
			stream.want("retry: 1000\nid: 1")
			stream.want("id: 2\nevent: task.updated")
			b.want(b.send("GET", tasks+"/events?lastEventId=x", ""), 422, `"field":"lastEventId"`)
			b.want(b.send("POST", p.bff+"/api/auth/login", "\ufeff"+`{"email":" forgiving@example.com ","password":"paper-lantern-42"}`), 200, "forgiving@example.com")
			huge := b.want(b.send("POST", p.bff+"/api/auth/login", `{"email":"`+strings.Repeat("x", 1<<20)+`"}`), 413, `"error":"Content Too Large"`)
			if huge.header.Get("Content-Type") != "application/json" {
				t.Errorf("got %v", huge.header)
			}
		})
	}
}
