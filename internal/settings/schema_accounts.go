package settings

import (
	"net/http"
	"strconv"
)

var sessionSettings = group{"Sessions and cookies", []setting{
	{
		name: "SESSION_EXPIRES_IN", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.SessionExpiresIn),
		help:  "How long a session is valid after its last extension.",
		check: func(c *checker, v string) { c.BFF.SessionExpiresIn = c.lifetime(v, shortestSession, longestCookie) },
	},
	{
		name: "SESSION_UPDATE_AGE", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.SessionUpdateAge),
		help:  "How old the last extension must be before a request extends the session again.",
		check: func(c *checker, v string) { c.BFF.SessionUpdateAge = zeroMeansNone(c.lifetime(v, 0, longestCookie)) },
	},
	{
		name: "SESSION_MAX_AGE", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.SessionMaxAge),
		help:  "How long a session is valid after sign-in at most, even if it is used all the time.",
		check: func(c *checker, v string) { c.BFF.SessionMaxAge = c.lifetime(v, shortestSession, longestSession) },
	},
	{
		name: "SESSION_FRESH_AGE", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.SessionFreshAge),
		help:  "How long a session stays fresh after the user entered the password, for example at sign-in. A fresh session can change the address, delete the account and end other sessions without the password.",
		check: func(c *checker, v string) { c.BFF.SessionFreshAge = c.lifetime(v, shortestSession, longestSession) },
	},
	{
		name: "SESSIONS_PER_USER", by: ForServe | ForBFF, arg: "N", value: strconv.Itoa(defaults.SessionsPerUser),
		help:  "How many sessions a user may have. One more sign-in ends the session that was unused for the longest time.",
		check: func(c *checker, v string) { c.BFF.SessionsPerUser = c.number(v, 1, maxSessions) },
	},
	oneWord(sameSite, func(c *checker, means http.SameSite) { c.BFF.CookieSameSite = means }, setting{
		name: "COOKIE_SAMESITE", by: ForServe | ForBFF, arg: "MODE", value: "lax",
		help: "lax, strict or none; none needs an https BASE_URL.",
	}),
	{
		name: "COOKIE_NAME", by: ForServe | ForBFF, arg: "NAME", value: defaults.CookieName,
		help:  "The name of the session cookie. With an https BASE_URL the prefix __Host- is added, unless the name already starts with __Host- or __Secure-.",
		check: func(c *checker, v string) { c.BFF.CookieName = c.cookieName(v) },
	},
	{
		name: "PASSWORD_MIN_LENGTH", by: ForServe | ForBFF | ForPassword, arg: "N", value: strconv.Itoa(defaults.PasswordMinLength),
		help:  "The minimum length of a new password, in code points. NIST SP 800-63B-4 requires 15 if the password is the only factor, as it is here: PASSWORD_MIN_LENGTH=15.",
		check: func(c *checker, v string) { c.BFF.PasswordMinLength = c.number(v, 8, 128) },
	},
	oneWord(boolWords, func(c *checker, means bool) { c.BFF.PasswordAllowCommon = !means }, setting{
		name: "PASSWORD_DENY_COMMON", by: ForServe | ForBFF | ForPassword, arg: "BOOL", value: "true",
		help: "Refuse new passwords that attackers try first: common passwords from an embedded list, the user's address and the part before its @, the name vestibule, and one repeated character.",
	}),
	oneWord(offSwitch, func(c *checker, means bool) { c.BFF.SignUpOff = means }, setting{
		name: "SIGN_UP", by: ForServe | ForBFF, arg: "MODE", value: "on",
		help: "off closes sign-up; create accounts with vestibule user create instead.",
	}),
	oneWord(boolWords, func(c *checker, means bool) { c.BFF.RequireEmailVerification = means }, setting{
		name: "REQUIRE_EMAIL_VERIFICATION", by: ForServe | ForBFF, arg: "BOOL", value: "false",
		help: "Users can sign in only after they verified their address with the link in a mail. Sign-up then starts no session, and gives the same answer for new and existing addresses.",
	}),
}}

var mailSettings = group{"Limits, mail and audit trail", []setting{
	oneWord(offSwitch, func(c *checker, means bool) { c.BFF.RateLimitOff = means }, setting{
		name: "RATE_LIMIT", by: ForServe | ForBFF, arg: "MODE", value: "on",
		help: "off removes the limits on sign-in, password checks, mails and concurrent requests. Use it only for tests and load measurements; it is refused with an https BASE_URL.",
	}),
	{
		name: "SMTP_URL", by: ForServe | ForBFF, reload: true, arg: "URL", secret: true, unset: "none; mails are written to MAIL_DIR",
		help:  "The mail server: smtp://user:password@host:587, which must offer STARTTLS unless it is on this machine, or smtps://user:password@host:465. smtp://host:25?tls=off, without a password, sends unencrypted.",
		check: func(c *checker, v string) { c.BFF.Mail.Server = c.smtpURL(v) },
	},
	{
		name: "MAIL_FROM", by: ForServe | ForBFF, arg: "ADDRESS", unset: "no-reply@ and the host of BASE_URL",
		help:  "The sender of mails: an address, or a name followed by the address in angle brackets.",
		check: func(c *checker, v string) { c.BFF.Mail.From = c.mailFrom(v) },
	},
	{
		name: "MAIL_DIR", by: ForServe | ForBFF, arg: "FOLDER", value: defaults.Mail.Folder,
		help:  "The folder where mails are written as .eml files while SMTP_URL is not set. Protect it: the mails contain links that give access to accounts.",
		check: func(c *checker, v string) { c.BFF.Mail.Folder = c.folder(v) },
	},
	{
		name: "AUDIT_RETENTION", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.AuditRetention),
		help:  "How long events of the audit trail are kept; 0 keeps all of them.",
		check: func(c *checker, v string) { c.BFF.AuditRetention = zeroMeansNone(c.retention(v)) },
	},
}}
