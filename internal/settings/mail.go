package settings

import (
	netmail "net/mail"
	"path/filepath"
	"strings"

	"vestibule/bff/mail"
)

// smtpURL reads SMTP_URL, the mail server.
func (c *checker) smtpURL(v string) *mail.Server {
	server, err := mail.ParseServer(v)
	if err != nil {
		c.refuse("", mistake{err.Error(), "write smtp://user:password@host:587 or smtps://…; in a password, escape special characters: %23 for #, %2F for /, and so on"})
		return nil
	}
	return server
}

// mailFrom reads MAIL_FROM, the sender of mails.
func (c *checker) mailFrom(v string) netmail.Address {
	address, err := netmail.ParseAddress(v)
	if err != nil {
		c.refuse(v, mistake{"is not an e-mail address", "write app@example.com, or Our App <app@example.com>"})
		return netmail.Address{}
	}
	return *address
}

// mailTransport refuses two destinations for mails.
func (c *checker) mailTransport() {
	if c.given("SMTP_URL") && c.given("MAIL_DIR") {
		c.conflict("MAIL_DIR", mistake{"cannot be combined with SMTP_URL", "unset one of them"})
	}
}

// rateLimit refuses to switch the limits off on a public server.
func (c *checker) rateLimit() {
	if c.valid("BASE_URL", "RATE_LIMIT") && c.BFF.RateLimitOff && c.BFF.BaseURL.Scheme == "https" {
		c.conflict("RATE_LIMIT", mistake{"would let everybody guess passwords at an https BASE_URL", "leave it on; off is only for tests and load measurements over http"})
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
