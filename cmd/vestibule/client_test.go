package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestClientCommands(t *testing.T) {
	onConsole(t, func(c *console) {
		got := c.do("", 0, "client", "create", "reports", "--scope", "tasks:write tasks:read", "--audience=A,B")
		found := regexp.MustCompile(`(?m)^client_id +(svc_[a-z0-9]{26})\nclient_secret +(vcs_[\w-]{43})\ngrant +credentials\nscope +tasks:read tasks:write\naudience +A B\n.*not shown again\.\n$`).FindStringSubmatch(got)
		if found == nil {
			c.Fatalf("got %s", got)
		}
		id, secret := found[1], found[2]
		other := c.rows("client", "create", "other")[0]
		if len(other["secret"].(string)) != 47 || len(other["scopes"].([]any)) != 0 || other["lastUsedAt"] != nil {
			c.Errorf("got %v", other)
		}

		listed := c.rows("client", "list")
		if len(listed) != 2 || listed[0]["name"] != "other" || listed[1]["id"] != id || listed[1]["rotatedAt"] != nil || listed[1]["audiences"].([]any)[1] != "B" {
			c.Errorf("got %v", listed)
		}
		for _, args := range []string{"client list", "client list --json", "audit", "audit --json"} {
			if got := c.do("", 0, strings.Fields(args)...); strings.Contains(got, "vcs_") || !strings.Contains(got, "tasks:read") {
				c.Errorf("%s: got %s, want no secret", args, got)
			}
		}

		rotated := c.rows("client", "rotate", id, "--keep-old=24h")[0]
		if rotated["secret"] == secret || rotated["oldSecretEndsAt"] == nil || rotated["rotatedAt"] == nil {
			c.Errorf("got %v", rotated)
		}
		if again := c.rows("client", "rotate", "reports")[0]; again["secret"] == rotated["secret"] || again["oldSecretEndsAt"] != nil {
			c.Errorf("got %v", again)
		}
		if got := c.do("", 0, "client", "delete", "reports", "--yes"); !strings.Contains(got, "reports is deleted") {
			c.Errorf("got %s", got)
		}
		if listed := c.rows("client", "list"); len(listed) != 1 || listed[0]["name"] != "other" {
			c.Errorf("got %v", listed)
		}
		var events []string
		for _, row := range c.rows("audit", "--client", id) {
			events = append(events, row["event"].(string))
			if row["actor"] != "operator" || row["clientId"] != id {
				c.Errorf("got %v", row)
			}
		}
		if want := []string{"client-deleted", "client-rotated", "client-rotated", "client-created"}; !slices.Equal(events, want) {
			c.Errorf("got events %v, want %v", events, want)
		}
		if got := c.rows("audit", "--client=other"); len(got) != 1 {
			c.Errorf("got %v, want the other's creation", got)
		}
	})
}

// TestAClientOfOtherAPIs: its scopes are free. One that may be a mistyped scope of the task
// API is named.
func TestAClientOfOtherAPIs(t *testing.T) {
	onConsole(t, func(c *console) {
		got := c.do("", 0, "client", "create", "orders", "--scope=orders:write,orders:read,tasks:raed", "--audience=orders,https://billing.example.com/")
		for _, want := range []string{"scope          orders:read orders:write tasks:raed\n", "audience       orders https://billing.example.com/\n", "Not scopes of Vestibule's task API: tasks:raed. It has tasks:read tasks:write.\n"} {
			if !strings.Contains(got, want) {
				c.Errorf("got %s, want %q in it", got, want)
			}
		}
		if got := c.do("", 0, "client", "create", "other", "--scope=orders:read,tasks:read"); strings.Contains(got, "Not scopes") {
			c.Errorf("got %s", got)
		}
	})
}

func TestClientCommandsRefuse(t *testing.T) {
	onConsole(t, func(c *console) {
		c.do("", 0, "client", "create", "reports")
		for _, tt := range []struct {
			code int
			args string
			want string
		}{
			{2, "client create", "lacks NAME"},
			{2, "client create a --scope=orders:\"read", "scope"},
			{2, "client create a --scope=" + strings.Repeat("x", 2049), "at most 2048"},
			{2, "client create a --grant=password", "use credentials, exchange"},
			{2, "client create a --grant=exchange --scope=tasks:read,token:exchange", "leave it out of the scopes"},
			{2, "client create a --audience=\"", "audience"},
			{2, "client create a --audience=", "--audience has no value: give one, or leave the option out"},
			{2, "client create a --audience=,", "--audience has no value"},
			{2, "client create a --scope=", "--scope has no value"},
			{2, "client create a --grant=", "--grant has no value"},
			{2, "client rotate reports --keep-old=", "--keep-old has no value"},
			{1, "client delete reports --yes=false", "add --yes"},
			{2, "client delete reports --yes=no", `--yes="no" is neither true nor false`},
			{2, "client create svc_a", "choose another"},
			{2, "client create \xff", "name"},
			{1, "client create reports", "choose another name"},
			{1, "client rotate nobody", "see vestibule client list"},
			{1, "client rotate svc_nobody", "see vestibule client list"},
			{1, "client rotate \xff", "no client"},
			{2, "client rotate reports --keep-old=soon", "--keep-old"},
			{2, "client rotate reports --keep-old=-1h", "--keep-old"},
			{2, "client rotate reports --keep-old=721h", "--keep-old"},
			{1, "client delete reports", "add --yes"},
			{1, "client delete nobody --yes", "no client"},
			{1, "audit --client=nobody", "no client"},
			{2, "client", "client create"},
		} {
			if got := c.do("", tt.code, strings.Fields(tt.args)...); !strings.Contains(got, tt.want) {
				c.Errorf("%s: got %q, want %q in it", tt.args, got, tt.want)
			}
		}
		if got := c.rows("client", "list"); len(got) != 1 || got[0]["rotatedAt"] != nil {
			c.Errorf("a refused command has changed something: %v", got)
		}
	})
}
