package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// member is a user who has signed in at a site.
type member struct {
	*site
	cookie, user string
}

// memberAt starts a site and signs a user up.
func (g *ground) memberAt(ctx context.Context, binary, shape string, db engine, env ...string) (*member, error) {
	t, err := g.site(binary, shape, db)
	if err != nil {
		return nil, err
	}
	t.env = append(env, t.env...)
	if err := t.start(ctx); err != nil {
		return nil, err
	}
	cookie, user, err := t.signUp(ctx)
	return &member{t, cookie, user}, err
}

// create makes a task through the BFF, and returns its id.
func (m *member) create(ctx context.Context, title, description string) (int64, error) {
	body, err := json.Marshal(map[string]string{"title": title, "description": description})
	if err != nil {
		return 0, err
	}
	var task struct{ ID int64 }
	status, err := m.call(ctx, http.MethodPost, "/api/proxy/me/tasks", body, &task)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("a new task got status %d", status)
	}
	return task.ID, err
}

// call sends a request with the member's cookie, and reads the answer into into, unless
// that is nil.
func (m *member) call(ctx context.Context, method, path string, body []byte, into any) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+m.bff+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Cookie", m.cookie)
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{Timeout: 20 * time.Second}
	res, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if into != nil {
		err = json.NewDecoder(res.Body).Decode(into)
	}
	return res.StatusCode, err
}

func (m *member) header() map[string]string { return map[string]string{"Cookie": m.cookie} }

// description makes the answer with a task about 1 KiB long, like the item of checkAPI.
var description = strings.Repeat("Water the plants. ", 45)

// oneTask is the endpoint of one task, at url.
func oneTask(url string, id int64, header map[string]string, front, behind []int) *endpoint {
	return &endpoint{url: fmt.Sprintf("%s/tasks/%d", url, id), header: header, contains: "Water the plants", size: len(description), front: front, behind: behind}
}

// serveWays request one task of the task API. The base is the bare proxy in front of the
// same API in a second process. The API called directly is the limit.
func serveWays(engineName string) []way {
	var apart *member // shared by the base and the limit
	var id int64
	var db engine
	return []way{
		{name: "bare, tuned ReverseProxy and `vestibule api`, " + engineName, start: func(ctx context.Context, g *ground) (_ *endpoint, err error) {
			if db, err = g.engineOf(engineName); err != nil {
				return nil, err
			}
			if apart, err = g.memberAt(ctx, g.s.binary, "split", db); err != nil { // its BFF is only for the sign-up
				return nil, err
			}
			if id, err = apart.create(ctx, "One task", description); err != nil {
				return nil, err
			}
			p, addr, err := g.bareProxy(ctx, apart.api, apart.user)
			if err != nil {
				return nil, err
			}
			return oneTask("http://"+addr+"/api/me", id, nil, []int{p.pid()}, append(db.pids, apart.pids()[0])), nil
		}},
		{name: directly(engineName), start: func(context.Context, *ground) (*endpoint, error) {
			token, err := bearerOf(apart.user)
			if err != nil {
				return nil, err
			}
			header := map[string]string{"Authorization": "Bearer " + token}
			return oneTask("http://"+apart.api+"/api/me", id, header, apart.pids()[:1], db.pids), nil
		}},
		{name: "Vestibule `serve`, " + engineName, ours: true, start: func(ctx context.Context, g *ground) (*endpoint, error) {
			return startServe(ctx, g, g.s.binary, engineName)
		}},
	}
}

func directly(engineName string) string { return "`vestibule api`, called directly, " + engineName }

// startServe is `vestibule serve`, asked for one task through the BFF.
func startServe(ctx context.Context, g *ground, binary, engineName string) (*endpoint, error) {
	db, err := g.engineOf(engineName)
	if err != nil {
		return nil, err
	}
	m, err := g.memberAt(ctx, binary, "serve", db)
	if err != nil {
		return nil, err
	}
	id, err := m.create(ctx, "One task", description)
	return oneTask("http://"+m.bff+"/api/proxy/me", id, m.header(), m.pids(), db.pids), err
}
