package main

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"vestibule/internal/settings"
)

// patience is the timeout for events that should happen at once.
const patience = 20 * time.Second

// eventually waits until the condition is true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not %s within %v", what, patience)
		}
	}
}

// statusOf requests url on a new connection. It returns 0 if there is no response.
func statusOf(url string) int {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Get(url)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func await[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s within %v", what, patience)
		panic("unreachable")
	}
}

// goodSecret is a valid secret of 32 bytes. No message may contain it.
const goodSecret = "0123456789-keep-this-to-yourself"

// with returns the variables of e and more. more wins.
func with(e, more settings.Environment) settings.Environment {
	both := maps.Clone(e)
	if both == nil {
		both = settings.Environment{}
	}
	maps.Copy(both, more)
	return both
}
