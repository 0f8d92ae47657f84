package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"flag"
	"net/http"
	"runtime"
	"strings"
	"time"

	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"
)

// lookupCookie is the cookie of the look-up service.
const lookupCookie = "session"

// lookup is the service that nginx asks with auth_request. For each request it looks the
// cookie's session up, with one prepared query by primary key, and answers with the
// Authorization header for the API. It is as lean as such a service can honestly be: the
// token is minted before, and nothing is logged.
func lookup(args []string) error {
	flags := flag.NewFlagSet("lookup", flag.ContinueOnError)
	addr := flags.String("addr", "", "where to listen")
	database := flags.String("database", "", "sqlite:PATH or a URL of PostgreSQL")
	cookie := flags.String("cookie", "", "the secret of the session to create")
	token := flags.String("token", "", "the token of its user")
	if err := flags.Parse(args); err != nil {
		return err
	}
	db, placeholder, err := openLookup(*database)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx := context.Background()
	for _, statement := range []string{
		`CREATE TABLE session (token TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at BIGINT NOT NULL)`,
		`INSERT INTO session VALUES ('` + hashed(*cookie) + `', 'usr_bench', 4102444800)`, // in 2100
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	find, err := db.PrepareContext(ctx, `SELECT user_id, expires_at FROM session WHERE token = `+placeholder)
	if err != nil {
		return err
	}
	defer find.Close()
	bearer := "Bearer " + *token
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" { // it is ready
			return
		}
		sent, err := r.Cookie(lookupCookie)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var user string
		var expires int64
		err = find.QueryRowContext(r.Context(), hashed(sent.Value)).Scan(&user, &expires)
		if err != nil || expires < time.Now().Unix() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Authorization", bearer)
	})
	srv := &http.Server{Addr: *addr, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return srv.ListenAndServe()
}

// openLookup returns the database, and how its queries write their argument.
func openLookup(database string) (db *sql.DB, placeholder string, err error) {
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		if db, err = sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)"); err == nil {
			limit(db, 2*runtime.NumCPU()) // more only wait for a processor
		}
		return db, "?", err
	}
	if db, err = sql.Open("postgres", database); err == nil {
		limit(db, 32)
	}
	return db, "$1", err
}

func limit(db *sql.DB, connections int) {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
}

func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
