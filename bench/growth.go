package main

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// growthWays compare the cost of a proxied request at a bff on SQLite, with few and with
// many sessions: stored ones, of which one is used, and used ones, which are cached. The
// base is the one with few.
func growthWays(cached bool) []way {
	if cached {
		return []way{grownWay("10 sessions in use", 0, 10), grownWay("50 000 sessions in use", 0, 50_000)}
	}
	return []way{grownWay("10 stored sessions", 10, 1), grownWay("1 000 000 stored sessions", 1_000_000, 1)}
}

// perUser is how many sessions a user gets. Above a hundred, the program would end some.
const perUser = 50

func grownWay(name string, stored, used int) way {
	return way{name: name, ours: true, start: func(ctx context.Context, g *ground) (*endpoint, error) {
		api, apiAddr, err := g.checkAPI(ctx)
		if err != nil {
			return nil, err
		}
		t, err := g.site(g.s.binary, "bff", engine{})
		if err != nil {
			return nil, err
		}
		t.api = apiAddr
		if err := t.start(ctx); err != nil { // makes the tables
			return nil, err
		}
		t.stop()
		t.processes = nil
		cookies, err := insertSessions(ctx, filepath.Join(t.dir, "vestibule.db"), stored, used)
		if err != nil {
			return nil, err
		}
		if err := t.start(ctx); err != nil {
			return nil, err
		}
		e := item("http://"+t.bff+"/api/proxy/item", map[string]string{"Cookie": cookies[0]}, t.pids(), []int{api.pid()})
		if used == 1 {
			return e, nil
		}
		e.script = inTurn(cookies, `nil, nil, {["Cookie"] = one, ["Host"] = wrk.headers["Host"]}`)
		_, err = wrk(ctx, g.dir, e, 32, max(time.Second, time.Duration(used/2000)*time.Second)) // each is used once or more
		return e, err
	}}
}

// insertSessions writes sessions into the file, and returns the cookies of some more.
func insertSessions(ctx context.Context, path string, stored, used int) (cookies []string, err error) {
	db, err := sqlx.ConnectContext(ctx, "sqlite", "file:"+path+"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=synchronous(off)")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	now := time.Now().UTC()
	text := func(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z") }
	at, ends := text(now), text(now.Add(7*24*time.Hour))
	users := (stored+used)/perUser + 1
	if _, err := tx.ExecContext(ctx, `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
		INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
		SELECT 'usr_' || i, '', i || '@example.com', 1, ?, ? FROM n`, users, at, at); err != nil {
		return nil, err
	}
	const columns = `INSERT INTO session (id, token, "userId", "ipAddress", "userAgent", "rememberMe", "createdAt", "updatedAt", "expiresAt", "cookieAt", "provenAt") `
	if stored > 0 {
		if _, err := tx.ExecContext(ctx, `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) `+columns+
			`SELECT 'ses_' || i, lower(hex(randomblob(32))), 'usr_' || (i / ?), '127.0.0.1', 'bench', 1, ?, ?, ?, ?, ? FROM n`,
			stored, perUser, at, at, ends, at, at); err != nil {
			return nil, err
		}
	}
	for i := range used {
		token := fmt.Sprintf("%043d", i)
		cookie, err := cookieFor(token)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256([]byte(token))
		if _, err := tx.ExecContext(ctx, columns+`VALUES (?, ?, ?, '127.0.0.1', 'bench', 1, ?, ?, ?, ?, ?)`,
			fmt.Sprint("ses_used", i), hex.EncodeToString(sum[:]), fmt.Sprint("usr_", (stored+i)/perUser), at, at, ends, at, at); err != nil {
			return nil, err
		}
		cookies = append(cookies, cookie)
	}
	return cookies, tx.Commit()
}

// cookieFor signs a session's secret like bff/session.
func cookieFor(token string) (string, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "vestibule/cookie/v1", sha256.Size)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(token))
	value := token + "." + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return "better-auth.session_token=" + url.QueryEscape(value), nil
}

// inTurn makes wrk send a request for each of all, one after the other. request are the arguments
// of wrk.format, in which the name one stands for the request's value.
func inTurn(all []string, request string) string {
	var b strings.Builder
	b.WriteString("local all = {}\n")
	for i, one := range all {
		fmt.Fprintf(&b, "all[%d] = %q\n", i+1, one)
	}
	fmt.Fprintf(&b, "local function format(one) return wrk.format(%s) end\n", request)
	b.WriteString(`local requests, at = {}, 0
function init(args)
	for i, one in ipairs(all) do requests[i] = format(one) end
end
function request()
	at = at % #requests + 1
	return requests[at]
end
`)
	return b.String()
}
