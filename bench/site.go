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

// site is a running Vestibule: one process (serve, or bff in front of another program), or
// two (split).
type site struct {
	binary, dir, shape string
	bff, api           string // addresses
	admin              []string
	env                []string // further settings
	database           string   // DATABASE_URL
	logLevel, log      string   // log is the file for it; "" is our stderr
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
	t := &site{binary: binary, dir: dir, shape: shape, admin: make([]string, 2), logLevel: "error", database: "sqlite:" + filepath.Join(dir, "vestibule.db")}
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
		"DATABASE_URL=" + t.database, "MIGRATE=true", "BETTER_AUTH_SECRET=" + secret,
		"LOG_LEVEL=" + t.logLevel, "LOG_FORMAT=json",
	}
	env = append(env, t.env...)
	commands := []string{t.shape}
	if t.shape == "split" {
		commands = []string{"api", "bff"}
	}
	for i, command := range commands {
		extra := []string{"ADMIN_ADDR=" + t.admin[i]}
		if command == "bff" {
			extra = append(extra, "BACKEND_URL=http://"+t.api)
		}
		p, err := launch(launching{dir: t.dir, env: append(extra, env...), path: t.binary, args: []string{command}, log: t.log})
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

// wide are the limits for many connections and requests of one user and address. The
// defaults are for many users.
var wide = []string{"MAX_CONNECTIONS=5000", "MAX_CONNECTIONS_PER_ADDRESS=4000", "PROXY_MAX_REQUESTS=10000", "MAX_REQUESTS_PER_CALLER=1000"}

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
