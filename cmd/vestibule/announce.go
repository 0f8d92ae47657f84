package main

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"

	"vestibule/internal/web"
)

// announce says where each surface listens: one log record each, and on a
// terminal also what to do with them.
func announce(p *program, c *config, at *listeners, log *slog.Logger) {
	for _, s := range at.all() {
		log.Info("listening", "surface", s.surface, "setting", s.setting, "address", s.addr().String())
	}
	warn(c, at, log)
	warnWithoutEffect(p.env, log)
	if isTerminal(p.stdout) {
		fmt.Fprint(p.stdout, welcome(c, at))
	}
}

// warn tells of settings that are right by themselves and likely to surprise.
func warn(c *config, at *listeners, log *slog.Logger) {
	if at.bff == nil {
		return
	}
	if c.bff.RateLimitOff {
		log.Warn("EVERYBODY MAY GUESS PASSWORDS AND ASK FOR MAILS WITHOUT LIMIT: this is for tests and load measurements only", "setting", "RATE_LIMIT", "value", "off")
	}
	base := c.bff.BaseURL
	if c.bff.Mail.Server == nil && !web.Loopback(base.Hostname()) {
		log.Warn("mails are written to files and reach nobody: set SMTP_URL", "setting", "MAIL_DIR", "value", c.bff.Mail.Folder)
	}
	if base.Scheme == "https" && len(c.bff.TrustedProxies) == 0 {
		log.Warn("whatever ends TLS in front is the only client that is seen, so that 100 wrong passwords from anywhere block sign-in for everybody: list its address", "setting", "TRUSTED_PROXIES", "value", "")
	}
	if base.Scheme == "http" && !web.Loopback(base.Hostname()) {
		log.Warn("passwords and session cookies cross the network unencrypted: use an https BASE_URL", "setting", "BASE_URL", "value", base.String())
	}
	host, port, err := net.SplitHostPort(at.bff.addr().String())
	if err == nil && web.Loopback(base.Hostname()) && web.Loopback(host) && port != base.Port() {
		log.Warn("browsers that open the BFF at its own address are refused: BASE_URL names another port", "setting", "BASE_URL", "value", base.String(), "address", at.bff.url())
	}
}

// withoutEffect are variables of others that this version does not read, although
// it could: to refuse them would be to refuse what another program was told.
var withoutEffect = []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}

// libpqAlone are variables of libpq that lib/pq, which reads the others by itself,
// refuses to connect with. Pages of providers have people set them.
var libpqAlone = []string{
	"PGCHANNELBINDING", "PGREQUIREAUTH", "PGSSLCRL", "PGSSLCRLDIR", "PGSSLCERTMODE", "PGREQUIREPEER",
	"PGSSLCOMPRESSION", "PGREQUIRESSL", "PGGSSENCMODE", "PGGSSDELEGATION", "PGGSSLIB", "PGREALM",
}

// hideFromDriver takes them out of the environment. It leaves the wish for an
// encryption that there is not: the refusal names it.
func hideFromDriver(env environment, unset func(name string) error) {
	for _, name := range libpqAlone {
		if name != "PGGSSENCMODE" || env[name] != "require" {
			_ = unset(name) // fails for an empty name only
		}
	}
}

func warnWithoutEffect(env environment, log *slog.Logger) {
	for _, name := range slices.Concat(withoutEffect, libpqAlone) {
		if env[name] != "" {
			log.Warn("this version does not read the setting: it has no effect", "setting", name)
		}
	}
}

// welcome is the block for people.
func welcome(c *config, at *listeners) string {
	var b strings.Builder
	fmt.Fprintln(&b, "\n  Vestibule is running. Ctrl-C stops it.")
	fmt.Fprintln(&b)
	if at.bff != nil {
		fmt.Fprintf(&b, "    BFF    %-24s for browsers\n", c.bff.BaseURL)
	}
	if at.api != nil {
		fmt.Fprintf(&b, "    API    %-24s for services, with a bearer token\n", at.api.url())
	}
	fmt.Fprintf(&b, "    admin  %-24s /livez and /readyz\n\n", at.admin.url())
	if at.bff != nil {
		fmt.Fprintf(&b, `  Open %s in a browser, or try it here:

    curl -c cookies.txt %[1]s/api/auth/signup \
      -H 'Content-Type: application/json' \
      -d '{"email":"ada@example.com","password":"correct horse battery staple"}'
    curl -b cookies.txt %[1]s/api/proxy/me/tasks

`, c.bff.BaseURL)
	} else {
		fmt.Fprintf(&b, "  Try it:\n\n    curl %s/\n\n", at.api.url())
	}
	return b.String()
}
