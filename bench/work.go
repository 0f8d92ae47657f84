package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"vestibule/internal/freeport"
)

// listed is the length of the lists, here and at PocketBase.
const listed = 20

const newTask = `{"title":"Water the plants","description":"All of them, also those on the balcony."}`

// listWays read a list of 20 tasks with a session. The base is PocketBase.
func listWays() []way {
	pocketBase := way{name: "PocketBase, list of records", start: func(ctx context.Context, g *ground) (*endpoint, error) {
		p, err := startPocketBase(ctx, g)
		if err != nil {
			return nil, err
		}
		for range listed {
			if err := p.create(ctx); err != nil {
				return nil, err
			}
		}
		return &endpoint{url: p.url + recordsPath + "?perPage=20&skipTotal=1", header: p.header(), contains: "Water the plants", size: listed * 100, front: p.pids}, nil
	}}
	ours := func(engineName string) way {
		return way{name: "Vestibule `serve`, list of tasks, " + engineName, ours: true, start: func(ctx context.Context, g *ground) (*endpoint, error) {
			db, err := g.engineOf(engineName)
			if err != nil {
				return nil, err
			}
			m, err := g.memberAt(ctx, g.s.binary, "serve", db)
			if err != nil {
				return nil, err
			}
			for range listed {
				if _, err := m.create(ctx, "Water the plants", "All of them, also those on the balcony."); err != nil {
					return nil, err
				}
			}
			return &endpoint{url: "http://" + m.bff + "/api/proxy/me/tasks?limit=20", header: m.header(), contains: "Water the plants", size: listed * 100, front: m.pids(), behind: db.pids}, nil
		}}
	}
	return []way{pocketBase, ours("SQLite"), ours("PostgreSQL")}
}

// createWays create one task with a session. The base is PocketBase.
func createWays() []way {
	pocketBase := func(name string, env ...string) way {
		return way{name: name, start: func(ctx context.Context, g *ground) (*endpoint, error) {
			p, err := startPocketBase(ctx, g, env...)
			if err != nil {
				return nil, err
			}
			header := p.header()
			header["Content-Type"] = "application/json"
			return &endpoint{url: p.url + recordsPath, method: http.MethodPost, body: p.record(), header: header, contains: "Water the plants", front: p.pids}, nil
		}}
	}
	ours := func(engineName string) way {
		return way{name: "Vestibule `serve`, new task, " + engineName, ours: true, start: func(ctx context.Context, g *ground) (*endpoint, error) {
			db, err := g.engineOf(engineName)
			if err != nil {
				return nil, err
			}
			m, err := g.memberAt(ctx, g.s.binary, "serve", db, "TASKS_PER_USER=0")
			if err != nil {
				return nil, err
			}
			header := m.header()
			header["Content-Type"] = "application/json"
			return &endpoint{url: "http://" + m.bff + "/api/proxy/me/tasks", method: http.MethodPost, body: newTask, header: header,
				status: http.StatusCreated, contains: "Water the plants", front: m.pids(), behind: db.pids}, nil
		}}
	}
	return []way{
		pocketBase("PocketBase, new record"), pocketBase("PocketBase, new record on the disk (`synchronous=FULL`)", "PB_SYNCHRONOUS=FULL"),
		ours("SQLite"), ours("PostgreSQL"),
	}
}

// pocketBase is a running PocketBase with a user who has signed in.
type pocketBase struct {
	url, token, user string
	pids             []int
}

const recordsPath = "/api/collections/tasks/records"

// startPocketBase starts the program of bench/pocketbase, which has the collection of
// tasks, and signs a user up.
func startPocketBase(ctx context.Context, g *ground, env ...string) (*pocketBase, error) {
	program, err := tool("pocketbase")
	if err != nil {
		return nil, err
	}
	dir, err := g.folder("pocketbase")
	if err != nil {
		return nil, err
	}
	addr, err := freeport.Addr()
	if err != nil {
		return nil, err
	}
	url := "http://" + addr
	p, err := g.launch(ctx, url+"/api/health", launching{dir: dir, path: program, env: env, args: []string{"serve", "--http=" + addr, "--dir=" + dir + "/data"}, log: dir + "/log"})
	if err != nil {
		return nil, err
	}
	b := &pocketBase{url: url, pids: []int{p.pid()}}
	if err := b.post(ctx, "/api/collections/users/records", `{"email":"ada@example.com","password":"paper-lantern-42","passwordConfirm":"paper-lantern-42"}`, nil); err != nil {
		return nil, err
	}
	var in struct {
		Token  string
		Record struct{ ID string }
	}
	if err := b.post(ctx, "/api/collections/users/auth-with-password", `{"identity":"ada@example.com","password":"paper-lantern-42"}`, &in); err != nil {
		return nil, err
	}
	b.token, b.user = in.Token, in.Record.ID
	return b, nil
}

func (p *pocketBase) header() map[string]string { return map[string]string{"Authorization": p.token} }

func (p *pocketBase) record() string { return newTask[:len(newTask)-1] + `,"user":"` + p.user + `"}` }

func (p *pocketBase) create(ctx context.Context) error {
	return p.post(ctx, recordsPath, p.record(), nil)
}

func (p *pocketBase) post(ctx context.Context, path, body string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		r.Header.Set("Authorization", p.token)
	}
	client := http.Client{Timeout: 20 * time.Second}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", path, res.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(into)
}
