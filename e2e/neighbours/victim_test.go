//go:build neighbours

package neighbours

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The requests of the well-behaved user.
const (
	opList   = "a page of the list"
	opCreate = "a new task"
	opSignIn = "a sign-in"
)

// pause is how long the user waits after each answer.
var pause = map[string]time.Duration{opList: 10 * time.Millisecond, opCreate: 15 * time.Millisecond, opSignIn: 150 * time.Millisecond}

// victim is the well-behaved user.
type victim struct {
	site   *site
	who    account
	client *http.Client

	mu      sync.Mutex     // guards reasons
	reasons map[string]int // how many requests failed, by reason
}

func newVictim(t *testing.T, s *site) *victim {
	t.Helper()
	v := &victim{site: s, who: s.signUp(t, victimAddress, "victim@example.com"), client: clientAt(victimAddress, 8), reasons: map[string]int{}}
	t.Cleanup(v.client.CloseIdleConnections)
	s.addTasks(t, v.who, 100, "Water the plants", "All of them")
	return v
}

// clientAt returns a client that sends its requests from an address of this machine.
func clientAt(address string, connections int) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{
		Timeout:   20 * time.Second,
		Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections},
	}
}

// times has the times of all requests of one kind.
type times struct {
	took   []time.Duration
	failed int
}

func (k *times) sample() sample {
	slices.Sort(k.took)
	ms := func(at int) float64 { return float64(k.took[min(at, len(k.took)-1)]) / float64(time.Millisecond) }
	return sample{ms(len(k.took) / 2), ms(len(k.took) * 99 / 100)}
}

// run repeats each of ops for the duration d, all of them at the same time. The time of a
// failed request counts too.
func (v *victim) run(t *testing.T, d time.Duration, ops []string) map[string]*times {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	all := map[string]*times{}
	var wg sync.WaitGroup
	for _, op := range ops {
		k := &times{}
		all[op] = k
		wg.Go(func() {
			for ctx.Err() == nil {
				start := time.Now()
				err := v.do(op)
				k.took = append(k.took, time.Since(start))
				if err != nil {
					k.failed++
					v.mu.Lock()
					v.reasons[err.Error()]++
					v.mu.Unlock()
				}
				time.Sleep(pause[op])
			}
		})
	}
	wg.Wait()
	return all
}

func (v *victim) do(op string) error {
	method, path, body, want := http.MethodGet, "/api/proxy/me/tasks?limit=20", "", http.StatusOK
	switch op {
	case opCreate:
		method, path, body, want = http.MethodPost, "/api/proxy/me/tasks", `{"title":"Water the plants"}`, http.StatusCreated
	case opSignIn:
		method, path, body = http.MethodPost, "/api/auth/login", `{"email":"`+v.who.Email+`","password":"`+password+`"}`
	}
	r, err := http.NewRequest(method, "http://"+v.site.bff+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if op != opSignIn { // a sign-in would end the session of the cookie
		r.Header.Set("Cookie", v.who.Cookie)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := v.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != want {
		err = fmt.Errorf("%s: %s: %.200s", op, res.Status, text)
	}
	return err
}

// why returns the reasons of failures.
func (v *victim) why() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []string
	for reason, n := range v.reasons {
		all = append(all, fmt.Sprintf("%d times %s", n, reason))
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}
