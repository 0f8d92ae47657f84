package main

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"vestibule/internal/settings"
)

// patience bounds every wait for something that is due at once.
const patience = 20 * time.Second

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not %s within %v", what, patience)
		}
	}
}

// statusOf asks on a connection of its own; 0 is no answer.
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

// goodSecret is 32 bytes that no message may ever hold.
const goodSecret = "0123456789-keep-this-to-yourself"

// with returns e and more.
func with(e, more settings.Environment) settings.Environment {
	both := maps.Clone(e)
	if both == nil {
		both = settings.Environment{}
	}
	maps.Copy(both, more)
	return both
}
