package settings

import (
	netmail "net/mail"
	"path/filepath"
	"strings"

	"vestibule/bff/mail"
)

// smtpURL reads where mails are handed over.
func (c *checker) smtpURL(v string) *mail.Server {
	server, err := mail.ParseServer(v)
	if err != nil {
		c.refuse("", mistake{err.Error(), "write smtp://user:password@host:587 or smtps://…; in a password, special characters are written %23 for #, %2F for /, and so on"})
		return nil
	}
	return server
}

// mailFrom reads the sender of mails.
func (c *checker) mailFrom(v string) netmail.Address {
	address, err := netmail.ParseAddress(v)
	if err != nil {
		c.refuse(v, mistake{"is not an e-mail address", "write app@example.com, or Our App <app@example.com>"})
		return netmail.Address{}
	}
	return *address
}

// mailing settles how mails leave.
func (c *checker) mailTransport() {
	if c.given("SMTP_URL") && c.given("MAIL_DIR") {
		c.conflict("MAIL_DIR", mistake{"cannot be combined with SMTP_URL: mails go to one of them", "unset one of them"})
	}
}

// limits refuses to lift them where strangers come by.
func (c *checker) rateLimit() {
	if c.valid("BASE_URL", "RATE_LIMIT") && c.BFF.RateLimitOff && c.BFF.BaseURL.Scheme == "https" {
		c.conflict("RATE_LIMIT", mistake{"would let everybody guess passwords at an https BASE_URL", "leave it on; off is for tests and load measurements on http"})
	}
}

// folder reads the path of a folder.
func (c *checker) folder(v string) string {
	if strings.ContainsRune(v, 0) {
		c.refuse(v, mistake{"is not a path", "name a folder, like data/mail"})
	} else if m := unexpanded(v, "/var/lib/vestibule/mail"); m != nil {
		c.refuse(v, *m)
	}
	return filepath.Clean(v)
}
