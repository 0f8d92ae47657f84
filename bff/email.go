package bff

import (
	"regexp"
	"strings"

	"vestibule/internal/web"
)

// readEmail returns an address in the form in which it is stored.
func readEmail(body *web.Object, field string) string {
	address, is := body.String(field)
	if !is {
		return ""
	}
	email, ok := NormalEmail(address)
	if !ok {
		body.Reject(field, "expected an email address")
	}
	return email
}

// maxEmail is the longest address that SMTP can carry (RFC 5321 §4.5.3.1.3).
const maxEmail = 254

// emailPattern is Better Auth's, so that both accept the same addresses.
var emailPattern = regexp.MustCompile(`^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$`)

// NormalEmail returns the form in which an address is stored and looked up, and whether
// it is valid. It removes white space around it, which copying and keyboards add.
func NormalEmail(address string) (string, bool) {
	address = strings.TrimSpace(address)
	return strings.ToLower(address), len(address) <= maxEmail && emailPattern.MatchString(address)
}
