package bff_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vestibule/bff"
	"vestibule/store"
)

// user returns the user of the session.
func (v *visitor) user() map[string]any {
	v.t.Helper()
	user, ok := object(v.t, v.want(v.do("GET", "/api/auth/get-session", ""), 200, "user").body)["user"].(map[string]any)
	if !ok {
		v.t.Fatal("got a session without a user")
	}
	return user
}

func TestUpdateUser(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		before := v.user()
		s.clock.Set(s.clock.Now().Add(time.Hour))
		a := v.want(v.do("POST", "/api/auth/update-user", `{"name":"Ada <Lovelace>","image":"https://example.com/a.png","emailVerified":true,"id":"x"}`), 200, `{"status":true}`)
		if line := cookieLine(t, a); line != "" {
			s.t.Errorf("got cookie %q, want none: it could overwrite a newer one", line)
		}
		want := map[string]any{}
		for k, value := range before {
			want[k] = value
		}
		want["name"], want["image"], want["updatedAt"] = "Ada <Lovelace>", "https://example.com/a.png", "2095-02-03T05:05:06.789Z"
		if d := cmp.Diff(want, v.user()); d != "" {
			s.t.Error(d)
		}
		v.want(v.do("POST", "/api/auth/update-user", `{"image":null}`), 200, `{"status":true}`)
		if got := v.user(); got["image"] != nil || got["name"] != "Ada <Lovelace>" {
			s.t.Errorf("got %v, want only the image removed", got)
		}
		v.want(v.do("POST", "/api/auth/update-user", `{"name":"\u200b \u2060"}`), 200, `{"status":true}`)
		if got := v.user(); got["name"] != "" {
			s.t.Errorf("got %q, want no name: it has no visible character", got["name"])
		}
		v.want(v.do("POST", "/api/auth/update-user", `{"name":"Ada <Lovelace>"}`), 200, `{"status":true}`)
		for _, tt := range []struct{ body, code string }{
			{`{"email":"eve@example.com","name":"x"}`, "EMAIL_CAN_NOT_BE_UPDATED"},
			{`{"email":true}`, "EMAIL_CAN_NOT_BE_UPDATED"},
			{`{}`, "No fields to update"},
			{`{"colour":"red"}`, "No fields to update"},
			{`{"name":7}`, "[body.name]"},
			{`{"name":"` + strings.Repeat("x", 1025) + `"}`, "[body.name]"},
			{`{"image":["x"]}`, "[body.image]"},
		} {
			v.want(v.do("POST", "/api/auth/update-user", tt.body), 400, tt.code)
		}
		if got := v.user(); got["name"] != "Ada <Lovelace>" || got["email"] != "ada@example.com" {
			s.t.Errorf("got %v after refusals, want nothing changed", got)
		}
		if events := s.events(store.EventUserUpdated); len(events) != 4 {
			s.t.Errorf("got %d events, want 4", len(events))
		}
	})
}

func TestListAccounts(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v := s.visitor()
		v.signUp("ada@example.com")
		id, _ := v.user()["id"].(string)
		a := v.want(v.do("GET", "/api/auth/list-accounts", ""), 200, "")
		var got []map[string]any
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Fatal(err)
		}
		want := []map[string]any{{
			"accountId": id, "providerId": "credential", "userId": id, "id": id, "scopes": []any{},
			"createdAt": "2095-02-03T04:05:06.789Z", "updatedAt": "2095-02-03T04:05:06.789Z",
		}}
		if d := cmp.Diff(want, got); d != "" {
			s.t.Error(d)
		}
		if strings.Contains(a.body, "argon2") {
			s.t.Errorf("the hash is in %s", a.body)
		}
	})
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, elsewhere, other := s.visitor(), s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		other.signUp("eve@example.com")
		elsewhere.signIn("ada@example.com", "paper-lantern-42")
		v.want(v.do("POST", "/api/auth/delete-user", ""), 415, "")
		v.want(v.do("POST", "/api/auth/delete-user", `{"password":"wrong password"}`), 400, "INVALID_PASSWORD")
		v.want(v.do("POST", "/api/auth/delete-user", `{"password":true}`), 400, "[body.password]")
		v.want(v.do("POST", "/api/auth/delete-user", `{"callbackURL":"https://evil.example"}`), 403, "INVALID_CALLBACK_URL")
		s.clock.Advance(10 * time.Minute)
		v.want(v.do("POST", "/api/auth/delete-user", `{}`), 403, "SESSION_NOT_FRESH")
		if !v.signedIn() || !elsewhere.signedIn() {
			s.t.Fatal("a refused deletion signed somebody out")
		}
		stolen := v.cookieHeader()
		a := v.want(v.do("POST", "/api/auth/delete-user", `{"password":"paper-lantern-42"}`), 200, `{"success":true,"message":"User deleted"}`)
		if line := cookieLine(t, a); !strings.Contains(line, "Max-Age=0") {
			s.t.Errorf("got cookie %q, want it cleared", line)
		}
		if v.signedIn() || elsewhere.signedIn() || !other.signedIn() {
			s.t.Errorf("signed in: %t %t %t, want only the last", v.signedIn(), elsewhere.signedIn(), other.signedIn())
		}
		v.want(v.do("GET", "/api/proxy/x", "", "Cookie", stolen), 401, "SESSION_EXPIRED")
		v.want(v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 401, "INVALID_EMAIL_OR_PASSWORD")
		if events := s.events(store.EventUserDeleted); len(events) != 1 || events[0].Email != "ada@example.com" || events[0].UserID == "" {
			s.t.Errorf("got events %+v", events)
		}
		v.signUp("ada@example.com") // the address is free again
		v.want(v.do("POST", "/api/auth/delete-user", `{}`), 200, "User deleted")
	})
}

func TestADisabledUserGetsTheAnswerOfAWrongPassword(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, wrong := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		id, _ := v.user()["id"].(string)
		if err := s.db.Tx(t.Context(), "test", func(tx *store.Tx) error {
			return tx.DisableUser(id, store.Event{At: s.clock.Now(), Type: store.EventUserDisabled, Actor: store.ActorOperator})
		}); err != nil {
			t.Fatal(err)
		}
		// At the next request, although another connection disabled the user.
		if v.signedIn() {
			s.t.Error("the session is still alive")
		}
		disabled := v.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`)
		mistaken := wrong.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"password124"}`)
		if disabled.status != 401 || disabled.body != mistaken.body || cookieLine(t, disabled) != "" {
			s.t.Errorf("got %d %s, want the answer to a wrong password: %s", disabled.status, disabled.body, mistaken.body)
		}
		if got := disabled.header.Clone(); len(got) != len(mistaken.header) {
			s.t.Errorf("got headers %v and %v, want the same names", names(got), names(mistaken.header))
		}
		if events := s.events(store.EventSignInFailed); len(events) != 2 || events[0].UserID != id || !strings.Contains(events[0].Detail, "disabled") {
			s.t.Errorf("got events %+v", events)
		}
	})
}

func names(h http.Header) (list []string) {
	for name := range h {
		list = append(list, name)
	}
	return list
}

// TestChangesOfTheProfileAreLimited: each change is an event, and events are kept for months.
func TestChangesOfTheProfileAreLimited(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(s *site) {
		v, other := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		other.signUp("bob@example.com")
		const limit = 60
		for range limit {
			v.want(v.do("POST", "/api/auth/update-user", `{"name":"Ada"}`), 200, "")
		}
		for range 2 {
			v.wantTooMany(v.do("POST", "/api/auth/update-user", `{"name":"Ada"}`))
		}
		if got := len(s.events(store.EventUserUpdated)); got != limit {
			t.Errorf("got %d events, want %d", got, limit)
		}
		other.want(other.do("POST", "/api/auth/update-user", `{"name":"Bob"}`), 200, "")
		s.clock.Advance(5 * time.Minute)
		v.want(v.do("POST", "/api/auth/update-user", `{"name":"Ada"}`), 200, "")
	})
}

// TestTheAddressOfADeletedAccountIsFreeAtOnce: the clean-up of the deleted account changes
// nothing of the new account with the same address.
func TestTheAddressOfADeletedAccountIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(s *site) {
		v, thief := s.visitor(), s.visitor()
		v.signUp("ada@example.com")
		thief.signIn("ada@example.com", "paper-lantern-42")
		v.want(v.do("POST", "/api/auth/delete-user", `{"password":"paper-lantern-42"}`), 200, "User deleted")
		if v.signedIn() || thief.signedIn() {
			t.Error("a session of the deleted user is alive")
		}
		thief.want(thief.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"paper-lantern-42"}`), 401, "INVALID_EMAIL_OR_PASSWORD")
		v.signUp("ada@example.com")
		if err := bff.PruneDeletedUsers(s.server, t.Context()); err != nil {
			t.Fatal(err)
		}
		if !v.signedIn() {
			t.Error("the new account's session has ended")
		}
	})
}
