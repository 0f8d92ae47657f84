package db_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lib/pq"

	"vestibule/internal/pgtest"
	"vestibule/store"
	"vestibule/store/db"
)

func TestAStoreKnowsItsEngine(t *testing.T) {
	t.Parallel()
	for i, want := range []struct {
		engine string
		shared bool
	}{{"sqlite", false}, {"postgres", true}, {"postgres", true}} {
		databaseURL, _ := variants()[i].New(t)
		s := open(t, databaseURL)
		if s.Engine() != want.engine || s.Shared() != want.shared {
			t.Errorf("%s: got %s, shared %t, want %s, %t", variants()[i].Name, s.Engine(), s.Shared(), want.engine, want.shared)
		}
	}
}

func TestUnusableURLsAreRefused(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	for name, c := range map[string]struct{ url, cure string }{
		"nothing":                  {"", "want sqlite:PATH or postgres://"},
		"another scheme":           {"mysql://u:" + secret + "@h/d", "want sqlite:PATH or postgres://"},
		"no scheme":                {"user=u password=" + secret, "want sqlite:PATH or postgres://"},
		"no path":                  {"sqlite:", "lacks the path"},
		"memory":                   {"sqlite::memory:", "not supported"},
		"two slashes":              {"sqlite://data/x.db", "write sqlite:relative/path"},
		"a folder":                 {"sqlite:" + t.TempDir(), "not a file"},
		"a slash in the password":  {"postgres://u:a/" + secret + "@h/d", "%2F"},
		"a slash after a number":   {"postgres://u:12/" + secret + "@h/d", "%2F"},
		"a question mark likewise": {"postgres://u:12?sslmode=" + secret + "@h/d", "%2F"},
		"a percent sign in it":     {"postgres://u:%" + secret + "@h/d", "%23"},
		"a hash after a number":    {"postgres://u:12#" + secret + "@h/d", "%23"},
		"unknown sslmode":          {"postgres://u:" + secret + "@h/d?sslmode=maybe", "sslmode"},
		"two round trips a query":  {"postgres://u:" + secret + "@h/d?binary_parameters=no", "leave it out"},
		"the same, misspelled":     {"postgres://u:" + secret + "@h/d?binary_parameters=", "leave it out"},
		"a server without TLS":     {with(t, pgtest.Database(t), "sslmode", "require"), "sslmode=disable"},
		"a database that is not":   {notThere(t), "does not exist"},
		"a password that is wrong": {wrongPassword(t), "password authentication failed"},
	} {
		s, err := store.Open(t.Context(), c.url)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: got no error", name)
			continue
		}
		if !strings.Contains(err.Error(), c.cure) {
			t.Errorf("%s: got error %q, want %q in it", name, err, c.cure)
		}
		if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "pgtest-password") {
			t.Errorf("%s: the password is in the error %q", name, err)
		}
	}
}

func FuzzThePasswordOfAURLIsNotInAnError(f *testing.F) {
	for _, seed := range []string{"", "/", "?", "#", "%", "@", "1/", "1?sslmode=", "1#", " ", "'", "\\", "\x00", "é", "]["} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const mark = "Zq9" // at both ends of the password, to detect halves of it too
		_, err := db.PostgresConfig("postgres://u:"+mark+text+mark+"@h/d", time.Second)
		for _, next := range []string{"@h/d?sslmode=wrong", "@h:1,i:2/d?gssencmode=require", "@h:1,i:x/d", "@h,i:70000/d", "@/d?a%20b=1", "@h/d?target_session_attrs=standby"} {
			if err == nil {
				_, err = db.PostgresConfig("postgres://u:12"+text+mark+next, time.Second)
			}
			if err != nil && strings.Contains(err.Error(), mark) {
				t.Errorf("password %q before %q: got error %q", mark+text+mark, next, err)
			}
			err = nil
		}
	})
}

func FuzzAURLIsReadAsItIsOrRefused(f *testing.F) {
	for _, seed := range [][3]string{{"u", "p", "d"}, {"u'", `p\\' x`, "d/b"}, {"", "@:/?#", " "}, {"é", "%", "="}, {"\x00", "\xff", "\n"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, user, password, name string) {
		u := url.URL{Scheme: "postgres", User: url.UserPassword("u"+user, password), Host: "a:1,b:2", Path: "/" + name}
		config, err := db.PostgresConfig(u.String(), time.Second)
		if err != nil {
			return
		}
		if config.User != "u"+user || config.Password != password || config.Database != name || config.Host != "a" || config.Port != 1 || len(config.Multi) != 1 || config.Multi[0].Port != 2 {
			t.Errorf("%s: got user %q, password %q, database %q, host %s:%d and %v", u.String(), config.User, config.Password, config.Database, config.Host, config.Port, config.Multi)
		}
	})
}

func FuzzAnyURLIsReadOrRefused(f *testing.F) {
	for _, seed := range []string{"postgres://", "postgres://u:p@[::1]:1,b/d?sslmode=disable", "postgres://h?x=%27&schema=a%22b", "postgres:///d?host=/tmp", "postgres://a,,b:/?channel_binding=require"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		before, err := db.PostgresConfig(text, time.Second)
		if err != nil || db.CheckURL(text) != nil {
			return
		}
		if len(before.Multi) > 0 && before.TargetSessionAttrs == "" {
			t.Errorf("%q: several hosts, and any will do", text)
		}
		if before.ConnectTimeout <= 0 || !before.BinaryParameters {
			t.Errorf("%q: got connect timeout %v, binary parameters %t", text, before.ConnectTimeout, before.BinaryParameters)
		}
	})
}

func notThere(t *testing.T) string {
	u, err := url.Parse(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/nosuchdatabase"
	return u.String()
}

func wrongPassword(t *testing.T) string {
	u, err := url.Parse(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "s3cr3t")
	return u.String()
}

func TestDefaultsOfAPostgreSQLURL(t *testing.T) {
	t.Setenv("PGAPPNAME", "")
	t.Setenv("PGCONNECT_TIMEOUT", "0")
	config, err := db.PostgresConfig("postgres://u@h/d", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !config.BinaryParameters || config.ApplicationName != "vestibule" || config.ConnectTimeout != time.Minute {
		t.Errorf("got binary parameters %t, application name %q, connect timeout %v, want true, vestibule, %v",
			config.BinaryParameters, config.ApplicationName, config.ConnectTimeout, time.Minute)
	}
	config, err = db.PostgresConfig("postgres://u@a,b/d", time.Minute)
	if err != nil || config.ConnectTimeout != 20*time.Second || config.TargetSessionAttrs != "primary" {
		t.Errorf("of two hosts: got connect timeout %v, target_session_attrs %q, error %v, want a third of a minute and primary", config.ConnectTimeout, config.TargetSessionAttrs, err)
	}
	config, err = db.PostgresConfig("postgres://u@h/d?application_name=mine&connect_timeout=3&binary_parameters=yes", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !config.BinaryParameters || config.ApplicationName != "mine" || config.ConnectTimeout.Seconds() != 3 {
		t.Errorf("got %t, %q, %v, want what the URL says",
			config.BinaryParameters, config.ApplicationName, config.ConnectTimeout)
	}
}

// TestBinaryParametersOfAURLChangeNothing: every connection has them, so the cases of
// every kind of database need none with them in its URL.
func TestBinaryParametersOfAURLChangeNothing(t *testing.T) {
	t.Parallel()
	const databaseURL = "postgres://u:p@h/d?sslmode=disable"
	want, err := db.PostgresConfig(databaseURL, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !want.BinaryParameters {
		t.Error("a connection has no binary parameters")
	}
	for _, value := range []string{"yes", "true", "1", "on"} {
		got, err := db.PostgresConfig(databaseURL+"&binary_parameters="+value, time.Minute)
		if err != nil || !cmp.Equal(got, want, cmpopts.IgnoreUnexported(pq.Config{}), cmpopts.EquateComparable(netip.Addr{})) {
			t.Errorf("%s: got %+v, error %v, want %+v", value, got, err, want)
		}
	}
}
