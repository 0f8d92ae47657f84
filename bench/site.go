package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"vestibule/internal/freeport"
)

// site is a running Vestibule: one process (serve) or two (split).
type site struct {
	binary, dir, shape string
	bff, api           string // addresses
	admin              []string
	env                []string // further settings
	processes          []*process
}

func newSite(s settings, dir, shape string) (*site, error) {
	binary, err := filepath.Abs(s.binary)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	t := &site{binary: binary, dir: dir, shape: shape, admin: make([]string, 2)}
	for _, addr := range []*string{&t.bff, &t.api, &t.admin[0], &t.admin[1]} {
		if *addr, err = freeport.Addr(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// secret is the BETTER_AUTH_SECRET of the measured program.
var secret = "for the bench alone: 5d41402abc4b2a76b9719d911017c592"

func (t *site) start(ctx context.Context) error {
	env := []string{
		"BASE_URL=http://" + t.bff, "BFF_ADDR=" + t.bff, "API_ADDR=" + t.api,
		"DATABASE_URL=sqlite:" + filepath.Join(t.dir, "vestibule.db"), "BETTER_AUTH_SECRET=" + secret,
		"LOG_LEVEL=error", // neither program writes a log
	}
	env = append(env, t.env...)
	commands := []string{"serve"}
	if t.shape == "split" {
		commands = []string{"api", "bff"}
	}
	for i, command := range commands {
		extra := []string{"ADMIN_ADDR=" + t.admin[i]}
		if command == "bff" {
			extra = append(extra, "BACKEND_URL=http://"+t.api)
		}
		p, err := launch(t.dir, append(extra, env...), t.binary, command)
		if err != nil {
			return err
		}
		t.processes = append(t.processes, p)
		if err := p.answers(ctx, "http://"+t.admin[i]+"/readyz"); err != nil {
			return err
		}
	}
	return nil
}

func (t *site) stop() {
	for _, p := range t.processes {
		p.stop()
	}
}

// signUp creates an account and returns its cookie, as a Cookie header, and its
// user id.
func (t *site) signUp(ctx context.Context) (cookie, user string, err error) {
	body := []byte(`{"email":"bench@example.com","password":"paper-lantern-42"}`)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+t.bff+"/api/auth/signup", bytes.NewReader(body))
	if err != nil {
		return "", "", err
	}
	r.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(r)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	var in struct{ User struct{ ID string } }
	if err := json.NewDecoder(res.Body).Decode(&in); err != nil {
		return "", "", err
	}
	if len(res.Cookies()) != 1 {
		return "", "", fmt.Errorf("sign-up answered %s without a cookie", res.Status)
	}
	c := res.Cookies()[0]
	return c.Name + "=" + c.Value, in.User.ID, nil
}
