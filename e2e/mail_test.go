package e2e

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"vestibule/internal/freeport"
	"vestibule/internal/mailtest"
	"vestibule/internal/smtptest"
)

// TestMailOutlivesTheServerAndTheProcess: without the mail server the request succeeds at
// once. The mail arrives when the server is back, even if the program was restarted
// meanwhile.
func TestMailOutlivesTheServerAndTheProcess(t *testing.T) {
	t.Parallel()
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, shapes[0], "SMTP_URL=smtp://"+addr, "RATE_LIMIT=off")
	b := newBrowser(t, p.bff)
	b.signUp("pia@example.com")
	b.want(b.send("POST", p.bff+"/api/auth/request-password-reset", `{"email":"pia@example.com"}`), 200, "true")
	p.processes[0].log.Want(t, "it will be tried again")
	if log := p.processes[0].log.String(); strings.Contains(log, "pia@") {
		t.Errorf("the log has the address:\n%s", log)
	}
	// Mails that wait are in the database, and no link with them.
	waiting := dump(t, p.database)
	if !slices.Contains(waiting, "reset-password") {
		t.Errorf("got %q, want a mail that waits", waiting)
	}
	opensNothing(t, p, waiting)
	if code := p.processes[0].stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}

	server := &smtptest.Server{Addr: addr}
	server.Start(t)
	again := launch(t, shapes[0], "SMTP_URL=smtp://"+addr, "DATABASE_URL="+p.database)
	// The more attempts there were, the longer is the time to the next one.
	for end := time.Now().Add(3 * time.Minute); len(server.To("pia@example.com")) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no mail has come:\n%s", again.processes[0].log)
		}
	}
	_, text := mailtest.Read(t, server.To("pia@example.com")[0])
	if !strings.Contains(text, again.bff+"/api/auth/reset-password/") {
		t.Errorf("got a mail without a link:\n%s", text)
	}
}

// TestAServerThatHangsDelaysNobody: it accepts connections and never says a word.
func TestAServerThatHangsDelaysNobody(t *testing.T) {
	t.Parallel()
	silent := &smtptest.Server{Implicit: true, TLS: &tls.Config{Certificates: []tls.Certificate{{}}}} // waits for a handshake
	silent.Start(t)
	p := launch(t, shapes[0], "SMTP_URL=smtp://"+silent.Addr)
	b := newBrowser(t, p.bff)
	b.signUp("quin@example.com")
	for range 5 {
		started := time.Now()
		b.want(b.send("POST", p.bff+"/api/auth/request-password-reset", `{"email":"quin@example.com"}`), 200, "true")
		// One attempt to send takes twenty seconds there.
		if took := time.Since(started); took > 15*time.Second {
			t.Errorf("a request took %v: it waited for the mail server", took)
		}
	}
	if code := p.processes[0].stop(); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}
