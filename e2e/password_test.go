package e2e

import (
	"regexp"
	"testing"

	"vestibule/internal/mailtest"
	"vestibule/internal/storetest"
)

// TestAUserWithoutAPassword, for example one that was imported from Better Auth and signs in
// with another provider: every password is refused until the user sets one with a mailed
// link.
func TestAUserWithoutAPassword(t *testing.T) {
	t.Parallel()
	mails := t.TempDir()
	p := launch(t, shapes[0], "MAIL_DIR="+mails)
	b := newBrowser(t, p.bff)
	b.signUp("tess@example.com")
	db := storetest.OpenRaw(t, p.database)
	defer db.Close()
	if _, err := db.Exec(`DELETE FROM account`); err != nil {
		t.Fatal(err)
	}
	b.want(b.send("GET", p.bff+"/api/auth/list-accounts", ""), 200, "[]")
	for path, body := range map[string]string{
		"verify-password": `{"password":"paper-lantern-42"}`,
		"change-password": `{"currentPassword":"paper-lantern-42","newPassword":"another horse"}`,
		"delete-user":     `{"password":"paper-lantern-42"}`,
	} {
		b.want(b.send("POST", p.bff+"/api/auth/"+path, body), 400, "CREDENTIAL_ACCOUNT_NOT_FOUND")
	}
	b.want(b.send("POST", p.bff+"/api/auth/login", `{"email":"tess@example.com","password":"paper-lantern-42"}`), 401, "INVALID_EMAIL_OR_PASSWORD")

	b.want(b.send("POST", p.bff+"/api/auth/request-password-reset", `{"email":"tess@example.com"}`), 200, "true")
	token := regexp.MustCompile(`reset-password/([\w-]{43})`).FindStringSubmatch(mailtest.Wait(t, mails, "tess@example.com", 1))[1]
	b.want(b.send("POST", p.bff+"/api/auth/reset-password", `{"newPassword":"a first horse","token":"`+token+`"}`), 200, "true")
	b.want(b.send("POST", p.bff+"/api/auth/login", `{"email":"tess@example.com","password":"a first horse"}`), 200, "tess")
}
