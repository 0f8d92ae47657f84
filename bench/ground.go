package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"vestibule/internal/freeport"
	"vestibule/internal/pgtest"
)

// ground is where a contest takes place: a folder, what runs in it, and what several
// contestants share.
type ground struct {
	s   settings
	dir string

	folders  int
	sites    []*site
	stops    []func() // in the order of the starts
	database *pgtest.Server
	api      *process // checkAPI
	apiAddr  string
	issuer   *issuer
}

// newGround makes a ground in dir.
func newGround(s settings, dir, name string) (*ground, error) {
	dir = filepath.Join(dir, name)
	return &ground{s: s, dir: dir}, os.MkdirAll(dir, 0o755)
}

// close stops everything, the last one first.
func (g *ground) close() {
	for i := len(g.stops) - 1; i >= 0; i-- {
		g.stops[i]()
	}
	g.stops = nil
}

func (g *ground) folder(name string) (string, error) {
	g.folders++
	dir := filepath.Join(g.dir, fmt.Sprint(name, g.folders))
	return dir, os.MkdirAll(dir, 0o755)
}

// launch starts a program that close stops, and waits until it answers url.
func (g *ground) launch(ctx context.Context, url string, l launching) (*process, error) {
	p, err := launch(l)
	if err != nil {
		return nil, err
	}
	g.stops = append(g.stops, p.stop)
	return p, p.answers(ctx, url)
}

// subcommand starts a part of this program as another process that listens on the returned
// address and answers 200 to path.
func (g *ground) subcommand(ctx context.Context, path, name string, args ...string) (*process, string, error) {
	addr, err := freeport.Addr()
	if err != nil {
		return nil, "", err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	p, err := g.launch(ctx, "http://"+addr+path, launching{dir: g.dir, path: self, args: append([]string{name, "-addr", addr}, args...)})
	return p, addr, err
}

// checkAPI starts the API that all contestants of a contest share.
func (g *ground) checkAPI(ctx context.Context) (*process, string, error) {
	if g.api != nil {
		return g.api, g.apiAddr, nil
	}
	var err error
	if g.issuer, err = newIssuer(); err != nil {
		return nil, "", err
	}
	g.stops = append(g.stops, g.issuer.stop)
	g.api, g.apiAddr, err = g.subcommand(ctx, "/", "check-api", "-issuer", g.issuer.url)
	return g.api, g.apiAddr, err
}

// engine is a database for Vestibule or another contestant.
type engine struct {
	name string // in tables
	url  string // DATABASE_URL; "" means a file of SQLite in the contestant's folder
	pids []int  // of the server
}

// postgres starts PostgreSQL at the first call, and returns a new database on it. It has
// its usual settings: it waits for the disk.
func (g *ground) postgres() (engine, error) {
	if g.database == nil {
		server, err := pgtest.Run("-c", "fsync=on", "-c", "full_page_writes=on", "-c", "shared_buffers=128MB")
		if err != nil {
			return engine{}, err
		}
		g.database = server
		g.stops = append(g.stops, server.Close)
	}
	url, err := g.database.Create()
	if err != nil {
		return engine{}, err
	}
	pid, err := g.database.Pid()
	return engine{"PostgreSQL", url, []int{pid}}, err
}

// engineOf returns the engine with this name.
func (g *ground) engineOf(name string) (engine, error) {
	if name == "PostgreSQL" {
		return g.postgres()
	}
	return engine{name: name}, nil
}
