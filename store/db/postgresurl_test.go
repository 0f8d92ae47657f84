package db_test

import (
	"strings"
	"testing"
	"time"

	"vestibule/internal/pgtest"
	"vestibule/internal/storetest"
	"vestibule/store"
	"vestibule/store/db"
)

// TestURLsForOtherProgramsOpen opens each on a real server, which refuses a connection with
// an unknown parameter.
func TestURLsForOtherProgramsOpen(t *testing.T) {
	t.Parallel()
	direct := storetest.PostgresURL(t)
	for _, c := range []struct{ from, parameters, noted string }{
		{"libpq", "channel_binding=prefer&gssencmode=disable&keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3&tcp_user_timeout=1000", ""},
		{"libpq", "target_session_attrs=read-write&connect_timeout=10&application_name=x&fallback_application_name=y&client_encoding=UTF8", ""},
		{"libpq", "target_session_attrs=any&load_balance_hosts=random&sslnegotiation=postgres&sslsni=1&sslcompression=0&requiressl=0&min_protocol_version=3.0", ""},
		{"libpq", "target_session_attrs=primary&ssl_min_protocol_version=TLSv1.2&krbsrvname=postgres&gsslib=gssapi&gssdelegation=0&replication=false&sslcertmode=allow", ""},
		{"Neon", "channel_binding=require", "channel_binding"},
		{"libpq", "require_auth=scram-sha-256", "require_auth"},
		{"libpq", "sslcrl=/x&sslcrldir=/y&sslcertmode=require&requirepeer=postgres", "requirepeer sslcertmode sslcrl sslcrldir"},
		{"Prisma", "schema=public&pgbouncer=true&connection_limit=5&pool_timeout=10&socket_timeout=3&statement_cache_size=0&sslaccept=accept_invalid_certs", ""},
		{"Prisma", "sslaccept=strict", "sslaccept"},
		{"pgx", "statement_cache_mode=describe&default_query_exec_mode=simple_protocol&pool_max_conns=4&pool_min_conns=1&pool_max_conn_lifetime=1h", ""},
		{"Supabase and Vercel", "supa=base-pooler.x&workaround=supabase-pooler.vercel&uselibpqcompat=true&ssl=true", ""},
		{"Heroku", "ssl=false", "ssl"},
		{"Rails, Doctrine, SQLAlchemy", "pool=5&prepared_statements=false&serverVersion=16&charset=utf8&prepared_statement_cache_size=0", ""},
		{"the server's settings", "search_path=public&statement_timeout=60000&TimeZone=Europe/Berlin&options=-c%20work_mem%3D8MB&jit=off", ""},
		{"lib/pq", "binary_parameters=yes", ""},
		{"somebody who left them empty", "channel_binding=&sslcrl=&nonsense=", ""},
	} {
		databaseURL := direct + "&" + c.parameters
		s := open(t, databaseURL)
		if err := s.CheckMigrated(t.Context()); err != nil {
			t.Errorf("%s, %s: %v", c.from, c.parameters, err)
		}
		signedUp(t, s)
		var weaker []string
		for _, n := range db.URLNotes(databaseURL) {
			if n.Effect == "" || !strings.Contains(c.parameters, n.Parameter+"=") {
				t.Errorf("%s: got note %+v", c.from, n)
			}
			if n.Weaker {
				weaker = append(weaker, n.Parameter)
			}
		}
		if got := strings.Join(weaker, " "); got != c.noted {
			t.Errorf("%s, %s: got notes on safety for %q, want %q", c.from, c.parameters, got, c.noted)
		}
		if err := db.CheckURL(databaseURL); err != nil {
			t.Errorf("%s: %v", c.from, err)
		}
	}
}

func TestUnsupportedParametersAreNamed(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t)
	for parameter, cure := range map[string]string{
		"gssencmode=require":                "use sslmode=verify-full",
		"replication=database":              "leave it out",
		"sslpassword=s3cr3t":                "sslkey",
		"sslidentity=x.p12":                 "sslcert",
		"scram_client_key=s3cr3t":           "give the password",
		"oauth_issuer=https://x":            "give a password",
		"servicefile=/x":                    "PGSERVICEFILE",
		"target_session_attrs=standby":      "use read-write",
		"target_session_attrs=read-only":    "use read-write",
		"target_session_attrs=nonsense":     "target_session_attrs",
		"nonsense=1":                        `"nonsense"`,
		"Sslmode=require":                   `"Sslmode"`, // names are case-sensitive, as in libpq
		"options=-c%20nonsense%3D1":         `"nonsense"`,
		"a%20b=1":                           `"a b"`,
		"a%27b=1":                           `"a'b"`,
		"binary_parameters=no":              "leave it out",
		"sslrootcert=system&sslmode=prefer": "verify-full",
	} {
		_, err := store.Open(t.Context(), direct+"&"+parameter)
		name, _, _ := strings.Cut(parameter, "=")
		if err == nil || !strings.Contains(err.Error(), cure) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: got error %v, want %q in it", name, err, cure)
		}
	}
	_, err := store.Open(t.Context(), direct+"&nonsense=1")
	wantError(t, "of the server", err, db.ErrParameter)
	_, err = store.Open(t.Context(), pgtest.PgBouncer(t, direct)+"&search_path=public")
	wantError(t, "of PgBouncer", err, db.ErrParameter)
	if !strings.Contains(err.Error(), "search_path") {
		t.Errorf("got error %q, want the parameter in it", err)
	}
}

// TestNoRuleIsForAParameterThatTheDriverKnows: if a later lib/pq supports a parameter, it
// must be obeyed.
func TestNoRuleIsForAParameterThatTheDriverKnows(t *testing.T) {
	for name := range db.ParameterRules {
		if db.KnownToDriver(name) {
			t.Errorf("lib/pq knows %s", name)
		}
	}
	for _, name := range []string{"sslmode", "target_session_attrs", "options"} {
		if !db.KnownToDriver(name) {
			t.Errorf("lib/pq does not know %s", name)
		}
	}
}

func TestASchemaOfAURLIsTheSearchPath(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t)
	d := &database{Direct: direct}
	d.Exec(t, `CREATE SCHEMA vestibule; CREATE SCHEMA "We, ird"`)
	for schema, parameters := range map[string]string{
		"vestibule": "schema=vestibule",
		"We, ird":   "currentSchema=We,%20ird",
		"public":    "schema=vestibule&search_path=public",
	} {
		s := open(t, direct+"&"+parameters)
		if err := s.MigrateUp(t.Context()); err != nil {
			t.Errorf("%s: %v", parameters, err)
		}
		if n := d.CountRows(t, `SELECT count(*) FROM pg_tables WHERE schemaname = ? AND tablename = 'tasks'`, schema); n != 1 {
			t.Errorf("%s: got no tables in %s", parameters, schema)
		}
	}
	_, err := store.Open(t.Context(), direct+"&schema=nowhere")
	wantError(t, "a schema that is not there", err, db.ErrNoSchema)
}

func TestAURLSaysWhatItSays(t *testing.T) {
	text, err := db.DriverText(`postgres://us%27er:p%5Cw%27+%20x@h/d%2Fb?host=a,b&port=7&options=-c%20x%3D%27y%27`)
	if want := `dbname='d/b' host='a,b' options='-c x=\'y\'' password='p\\w\'+ x' port='7' user='us\'er' `; err != nil || text != want {
		t.Errorf("got  %s, error %v\nwant %s", text, err, want)
	}
	config, err := db.PostgresConfig(`postgres://us%27er:p%5Cw%27+%20x@h/d%2Fb`, time.Second)
	if err != nil || config.User != "us'er" || config.Password != `p\w'+ x` || config.Database != "d/b" {
		t.Errorf("got user %q, password %q, database %q, error %v", config.User, config.Password, config.Database, err)
	}
}

// TestTheSystemsCertificatesRequireVerification, as in libpq.
func TestTheSystemsCertificatesRequireVerification(t *testing.T) {
	for parameters, want := range map[string]string{"sslrootcert=system": "verify-full", "channel_binding=require&sslmode=verify-full&sslrootcert=system": "verify-full", "": ""} {
		config, err := db.PostgresConfig("postgres://u@a,b/d?"+parameters, time.Second)
		if err != nil || string(config.SSLMode) != want {
			t.Errorf("%s: got sslmode %q, error %v, want %q", parameters, config.SSLMode, err, want)
		}
	}
}
