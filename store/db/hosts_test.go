package db_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/db"
)

func TestHostsOfAURL(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"a":                         "host='a' ",
		"a:1":                       "host='a' port='1' ",
		"a,b":                       "host='a,b' ",
		"a:1,b:2":                   "host='a,b' port='1,2' ",
		"a,b:2":                     "host='a,b' port='5432,2' ",
		"a:1,":                      "host='a,localhost' port='1,5432' ",
		"[::1]:1,[fe80::1%25eth0]":  "host='::1,fe80::1%eth0' port='1,5432' ",
		"%2Fvar%2Frun%2Fpostgresql": "host='/var/run/postgresql' ",
		"%2Fvar%2Frun:5433,b":       "host='/var/run,b' port='5433,5432' ",
	} {
		got, err := db.DriverText("postgres://" + in + "/")
		if err != nil || got != want {
			t.Errorf("%q: got %q, error %v, want %q", in, got, err, want)
		}
	}
	for _, bad := range []string{"a:b", "a:1:2", "::1", "[::1", "[::1]1", "[::1]:x", "a:-1", "a:70000", "a%2Cb", "a%zz", "a%00", "a:1,b:x"} {
		if config, err := db.PostgresConfig("postgres://u@"+bad+"/d", time.Second); err == nil {
			t.Errorf("%s: got host %q, port %d", bad, config.Host, config.Port)
		}
	}
}

// hostsOf returns the URL with several hosts. One of them may be its original host.
func hostsOf(t *testing.T, databaseURL string, hosts ...string) string {
	t.Helper()
	own := host(t, databaseURL)
	list := strings.Join(hosts, ",")
	list = strings.Replace(list, "own", own, 1)
	return strings.Replace(databaseURL, "@"+own+"/", "@"+list+"/", 1)
}

// patient opens a database with hosts that do not answer. The one that does has seconds to
// answer, even on a busy machine.
func patient(t *testing.T, databaseURL string) *database {
	t.Helper()
	s, err := db.OpenWithin(t.Context(), databaseURL+"&connect_timeout=4", time.Minute)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return storetest.On(store.New(s))
}

// refusing returns an address without a listener.
const refusing = "127.0.0.1:1"

// silent returns an address that accepts connections and never sends anything. It counts
// them.
func silent(t *testing.T) (address string, taken func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	conns := make(chan net.Conn, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns <- c
		}
	}()
	return l.Addr().String(), func() int { return len(conns) }
}

func TestOneOfSeveralHostsIsEnough(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	mute, _ := silent(t)
	for name, hosts := range map[string][]string{
		"the only one":     {"own"},
		"the first":        {"own", refusing},
		"after one down":   {refusing, "own"},
		"after one silent": {mute, "own"},
		"the third":        {refusing, mute, "own"},
	} {
		for _, more := range []string{"", "&target_session_attrs=read-write", "&target_session_attrs=any", "&load_balance_hosts=random"} {
			databaseURL := hostsOf(t, direct, hosts...) + more
			if err := db.CheckURL(databaseURL); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			t.Run(name+more, func(t *testing.T) {
				t.Parallel()
				signedUp(t, patient(t, databaseURL))
			})
		}
	}
	_, err := db.OpenWithin(t.Context(), hostsOf(t, direct, refusing, refusing), 2*time.Second)
	wantError(t, "none", err, db.ErrUnavailable)
}

// TestASilentHostIsTriedOnceAMinute, not for every new connection.
func TestASilentHostIsTriedOnceAMinute(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t)
	mute, taken := silent(t)
	s := patient(t, hostsOf(t, direct, mute, "own"))
	for range 3 {
		pgtest.Terminate(t, direct)
		if err := s.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := taken(); n != 1 {
		t.Errorf("the silent host: got %d connections, want 1", n)
	}
}

// TestAStandbyAmongTheHostsIsSkipped, and used when it has become the primary.
func TestAStandbyAmongTheHostsIsSkipped(t *testing.T) {
	t.Parallel()
	standby, primary := pgtest.NewServer(t), pgtest.NewServer(t)
	first, second := standby.Database(t), primary.Database(t) // with the same name, like replicas
	for _, u := range []string{first, second} {
		migratedURL(t, u, u)
	}
	standby.Demote(t)
	both := hostsOf(t, first, "own", host(t, second))
	for _, more := range []string{"", "&target_session_attrs=read-write", "&target_session_attrs=primary"} {
		s := patient(t, both+more)
		signedUp(t, s)
		hearing(t, s).Eventually(t, "listening", func(e *storetest.Ear) bool { return e.IsListening != nil && *e.IsListening })
	}
	s := patient(t, both)
	u, _ := signedUp(t, s)
	primary.Stop(t)
	fails := s.Ping(t.Context())
	wantError(t, "nothing but a standby", fails, db.ErrUnavailable)
	standby.Promote(t)
	if _, err := s.UserByEmail(t.Context(), u.Email); err == nil {
		t.Error("got the user of the other server")
	}
	signedUp(t, s)
}
