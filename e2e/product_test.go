package e2e

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"vestibule/internal/clienttest"
	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
)

// patience is the timeout of everything that the tests wait for. It is long because the
// machine may be busy with other tests. No test asserts with it how fast something is.
const patience = 2 * time.Minute

// secret is the BETTER_AUTH_SECRET of the products under test.
const secret = "7f9c8e3a2b1d4f6e8c9a0b2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d1e2f"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		err := oneMore("test.parallel")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if binDir, err = os.MkdirTemp("", "vestibule-e2e-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(binDir)
		clienttest.KeepConnections()
		code := m.Run()
		if !endShared() {
			code = 1
		}
		return code
	}())
}

// oneMore raises a number on the command line, unless it is 1. All other packages together
// take as long as this one, and at last it would run alone with a processor idle.
func oneMore(name string) error {
	f := flag.Lookup(name)
	n, err := strconv.Atoi(f.Value.String())
	if err != nil || n == 1 {
		return err
	}
	return f.Value.Set(strconv.Itoa(n + 1))
}

// product is the whole running product, in one process or in two.
type product struct {
	t             testing.TB
	bff, api      string // URLs
	admin         []string
	processes     []*process
	dir, database string
}

// shape is one way to run the product.
type shape struct {
	name     string
	postgres bool
	bouncer  bool // PgBouncer in transaction mode before PostgreSQL
	split    bool
	bff      bool // vestibule bff alone: the APIs are not ours
}

var shapes = []shape{
	{name: "serve on SQLite"},
	{name: "serve on PostgreSQL", postgres: true},
	{name: "split on SQLite", split: true},
	{name: "split on PostgreSQL", postgres: true, split: true},
	{name: "serve on PostgreSQL behind PgBouncer", postgres: true, bouncer: true},
}

// inEveryShape runs a test against the running product in each of its shapes.
func inEveryShape(t *testing.T, test func(t *testing.T, p *product)) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel() // much of it is waiting
			test(t, sharedProduct(t, s))
		})
	}
}

// aloneIn is like inEveryShape, but each product belongs to the test alone. It is for tests
// that stop the product or count against its limits.
func aloneIn(t *testing.T, shapes []shape, test func(t *testing.T, p *product)) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, launch(t, s))
		})
	}
}

// launch starts the product and waits until it is ready. settings are added
// to the environment.
func launch(t testing.TB, s shape, settings ...string) *product {
	t.Helper()
	return launchBinary(t, binary(t, build.race), s, settings...)
}

func launchBinary(t testing.TB, path string, s shape, settings ...string) *product {
	t.Helper()
	addr := freeAddrs(t, 4)
	p := &product{t: t, bff: "http://" + addr[0], api: "http://" + addr[1], dir: t.TempDir()}
	p.described(settings)
	env := []string{
		"BASE_URL=" + p.bff, "BFF_ADDR=" + addr[0], "API_ADDR=" + addr[1], "LOG_FORMAT=json",
		"BETTER_AUTH_SECRET=" + secret,
	}
	p.database = "sqlite:" + filepath.Join(p.dir, "vestibule.db")
	if s.postgres {
		p.database = storetest.PostgresURL(t)
		if s.bouncer {
			p.database = pgtest.PgBouncer(t, p.database)
		}
		env = append(env, "MIGRATE=true")
	} else {
		storetest.Fill(t, filepath.Join(p.dir, "vestibule.db")) // migrations are slow under the race detector
	}
	env = append(env, "DATABASE_URL="+p.database)
	env = append(env, settings...)
	run := func(admin string, extra []string, args ...string) {
		p.admin = append(p.admin, "http://"+admin)
		p.processes = append(p.processes, start(t, path, p.dir, slices.Concat(extra, []string{"ADMIN_ADDR=" + admin}, env), args...)) // of two, the later one counts
	}
	switch {
	case s.bff:
		run(addr[2], nil, "bff")
	case s.split:
		run(addr[2], nil, "api")
		run(addr[3], []string{"BACKEND_URL=" + p.api}, "bff")
	default:
		run(addr[2], nil, "serve")
	}
	for i := range p.admin {
		p.waitReady(i)
	}
	return p
}

func (p *product) waitReady(i int) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		res, err := http.Get(p.admin[i] + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-p.processes[i].exited:
			p.t.Fatalf("vestibule ended at start:\n%s", p.processes[i].log)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("vestibule is not ready:\n%s", p.processes[i].log)
		}
	}
}
