package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vestibule/bff/token"
	"vestibule/store"
)

// withKey gives the database the first key of this algorithm, as vestibule serve does.
func (c *console) withKey(algorithm string) (id string) {
	c.Helper()
	db := c.open()
	cfg := token.Config{Algorithm: algorithm, Secret: []byte(goodSecret), Issuer: "i", Audience: "a", ExpiresIn: time.Minute, Now: time.Now}
	err := db.ChangeKeys(c.Context(), func(rows []store.Key) (store.KeyChange, error) {
		change, next, err := cfg.Rotate(rows)
		id = next.ID
		return change, err
	})
	if err != nil {
		c.Fatal(err)
	}
	return id
}

func TestKeysCommands(t *testing.T) {
	onConsole(t, func(c *console) {
		c.env["BETTER_AUTH_SECRET"], c.env["BASE_URL"], c.env["JWT_ALGORITHM"] = goodSecret, "http://localhost:3000", "EdDSA"
		if got := c.do("", 0, "keys", "list"); !strings.HasPrefix(got, "no signing keys: ") {
			c.Errorf("got %q, want that there are none", got)
		}
		if got := c.rows("keys", "list"); len(got) != 0 {
			c.Errorf("got %v, want no rows in JSON", got)
		}
		first, other := c.withKey("EdDSA"), c.withKey("ES256")
		is := func(want map[string]string) {
			c.Helper()
			got := map[string]string{}
			for _, row := range c.rows("keys", "list") {
				got[row["id"].(string)] = row["state"].(string)
			}
			if len(got) != len(want) {
				c.Errorf("got %v, want %v", got, want)
			}
			for id, state := range want {
				if got[id] != state {
					c.Errorf("got %v, want %v", got, want)
				}
			}
		}
		is(map[string]string{first: "signs", other: "signs"})
		next := c.rows("keys", "rotate")[0]
		id := next["id"].(string)
		is(map[string]string{first: "signs", other: "signs", id: "next"})
		created, _ := time.Parse(time.RFC3339, next["createdAt"].(string))
		if signs, err := time.Parse(time.RFC3339, next["signsFrom"].(string)); err != nil || signs.Sub(created) < token.MaxAge+10*time.Second {
			c.Errorf("got %v, want it to sign after max-age and 10 s", next)
		}
		if got := c.do("", 0, "keys", "list"); !strings.Contains(got, "SIGNS FROM") || !strings.Contains(got, id+"  EdDSA") {
			c.Errorf("got %s", got)
		}
		for _, tt := range []struct {
			code int
			args string
			want string
		}{
			{1, "keys rotate", "signs from"},
			{1, "keys retire " + first, "add --now"},
			{1, "keys retire " + id, "next signing key"},
			{1, "keys retire key_unknown", "see vestibule keys list"},
			{1, "keys retire \xff", "see vestibule keys list"},
			{2, "keys retire", "lacks KEY"},
			{2, "keys rotate --jwt-algorithm=HS256", "JWT_ALGORITHM"},
			{1, "keys rotate --better-auth-secret=another-secret-that-is-long-enough!", "BETTER_AUTH_SECRET"},
			{2, "keys", "keys list, keys rotate, keys retire"},
		} {
			if got := c.do("", tt.code, strings.Fields(tt.args)...); !strings.Contains(got, tt.want) {
				c.Errorf("%s: got %q, want %q in it", tt.args, got, tt.want)
			}
		}
		is(map[string]string{first: "signs", other: "signs", id: "next"})

		if got := c.do("", 0, "keys", "retire", "--now", first); !strings.Contains(got, "become invalid") || !strings.Contains(got, "502") {
			c.Errorf("got %q, want what it costs", got)
		}
		is(map[string]string{other: "signs", id: "signs"})
		var events []string
		for _, row := range c.rows("audit") {
			if row["actor"] == "operator" && strings.Contains(row["detail"].(string), "on the command line") {
				events = append(events, row["event"].(string))
			}
		}
		if want := []string{"key-retired", "key-created"}; !slices.Equal(events, want) {
			c.Errorf("got events %v, want %v", events, want)
		}
	})
}

// TestAnImportedKeyIsRetired: it never signs, so it can end at any time. It stays published
// for its tokens.
func TestAnImportedKeyIsRetired(t *testing.T) {
	onConsole(t, func(c *console) {
		id := c.withKey("EdDSA")
		c.execute(`UPDATE jwks SET "privateKey" = 'imported'`)
		if got := c.rows("keys", "list"); len(got) != 1 || got[0]["state"] != "published" || got[0]["signsFrom"] != nil {
			c.Fatalf("got %v", got)
		}
		if got := c.do("", 0, "keys", "retire", id); !strings.Contains(got, "stays published until") {
			c.Errorf("got %q", got)
		}
		if got := c.do("", 1, "keys", "retire", id); !strings.Contains(got, "by itself") {
			c.Errorf("got %q", got)
		}
		c.execute(`UPDATE jwks SET "expiresAt" = "createdAt"`)
		if got := c.do("", 0, "keys", "retire", id); !strings.Contains(got, "is deleted") || len(c.rows("keys", "list")) != 0 {
			c.Errorf("got %q and %v", got, c.rows("keys", "list"))
		}
	})
}
