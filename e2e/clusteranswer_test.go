package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// loadAnswer is an answer, or the error that came instead.
type loadAnswer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func (a loadAnswer) String() string {
	if a.err != nil {
		return a.err.Error()
	}
	return fmt.Sprintf("%d %.200s", a.status, a.body)
}

// comeBack is the answer that is promised for an outage of the database: 503 with Retry-After,
// in our form, and the cookie stays.
func comeBack(_ string, a loadAnswer) bool {
	return a.err == nil && a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" &&
		a.header.Get("Set-Cookie") == "" && json.Valid(a.body)
}

// cutOff is what HAProxy answers for a request that an instance had when it was killed. It
// sends a GET to another instance; a write may have been done, so it does not.
func cutOff(method string, a loadAnswer) bool {
	return method != http.MethodGet && a.err == nil && a.status == http.StatusBadGateway
}

func (u *user) send(method, path, body string, header map[string]string) loadAnswer {
	return u.sendTo(u.l.c.front, method, path, body, header)
}

// sendTo sends a request of a page of the cluster to an address.
func (u *user) sendTo(server, method, path, body string, header map[string]string) loadAnswer {
	r, err := http.NewRequest(method, server+path, strings.NewReader(body))
	if err != nil {
		return loadAnswer{err: err}
	}
	r.Header.Set("Origin", u.l.c.front)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := u.client.Do(r)
	if err != nil {
		return loadAnswer{err: err}
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	return loadAnswer{res.StatusCode, res.Header, got, err}
}

// has returns a check of the status and of a part of the body.
func has(status int, part string) func(loadAnswer) string {
	return func(a loadAnswer) string {
		if a.err != nil || a.status != status || !strings.Contains(string(a.body), part) {
			return fmt.Sprintf("want %d with %q", status, part)
		}
		return ""
	}
}
