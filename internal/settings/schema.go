package settings

import (
	"fmt"
	"strconv"
	"time"

	"vestibule/bff"
)

// defaults are those of the BFF's settings.
var defaults = bff.Defaults()

// schema is every setting there is.
var schema = []group{
	{"Addresses", []setting{
		{
			name: "BASE_URL", by: ForServe | ForBFF | ForAPI | ForToken, arg: "ORIGIN", value: defaults.BaseURL.String(),
			help:  "The public origin of the BFF, as browsers see it. https:// switches on Secure cookies, __Host- names and HSTS. The API reads it for the default of JWKS_URL.",
			check: func(c *checker, v string) { c.BFF.BaseURL = c.origin(v) },
		},
		{
			name: "BFF_ADDR", by: ForServe | ForBFF, arg: "HOST:PORT", value: "localhost:3000",
			help:  "Where the BFF listens. An empty host is every interface.",
			check: func(c *checker, v string) { c.BFFAddr = c.address(v) },
		},
		{
			name: "API_ADDR", by: ForServe | ForAPI, arg: "HOST:PORT", value: "localhost:8000",
			help:  "Where the task API listens. It is internal: browsers never need to reach it.",
			check: func(c *checker, v string) { c.APIAddr = c.address(v) },
		},
		{
			name: "ADMIN_ADDR", by: ForServe | ForBFF, arg: "HOST:PORT", value: "localhost:9090",
			help:  "Where /livez and /readyz are answered. Nothing there asks who is calling: keep it off public networks.",
			check: func(c *checker, v string) { c.AdminAddr = c.address(v) },
		},
		{
			name: "ADMIN_ADDR", by: ForAPI, arg: "HOST:PORT", value: "localhost:9091",
			help:  "The same for vestibule api.",
			check: func(c *checker, v string) { c.AdminAddr = c.address(v) },
		},
		{
			name: "BACKEND_URL", by: ForServe | ForBFF, arg: "URL", value: defaults.Backend.String(),
			help:  "The API behind /api/proxy/*; requests go to BACKEND_URL/api/*. Unless it is set, vestibule serve calls its own API inside the process.",
			check: func(c *checker, v string) { c.BFF.Backend = c.backend(v) },
		},
		{
			name: "TRUSTED_ORIGINS", by: ForServe | ForBFF, arg: "ORIGIN,…", unset: "none",
			help:  "Further origins whose pages may call the BFF with the user's session, each exactly as scheme://host[:port].",
			check: func(c *checker, v string) { c.BFF.TrustedOrigins = c.origins(v) },
		},
		{
			name: "CORS_API_ORIGINS", by: ForServe | ForAPI, arg: "ORIGIN,…", unset: "none",
			help:  "Origins whose pages the task API itself answers, with a bearer token of their own and without cookies. Pages that go through the BFF need none.",
			check: func(c *checker, v string) { c.API.CORSOrigins = c.origins(v) },
		},
		{
			name: "TRUSTED_PROXIES", by: ForServe | ForBFF | ForAPI, arg: "CIDR,…", unset: "trust nobody",
			help:  "Networks or addresses of reverse proxies whose X-Forwarded-For (read from right to left) and X-Request-Id are believed. A separate API lists the BFF here.",
			check: func(c *checker, v string) { c.BFF.TrustedProxies = c.prefixes(v) },
		},
		{
			name: "MAX_CONNECTIONS", by: ForServe | ForBFF | ForAPI, arg: "N", unset: "10000, or half of the files that the process may open if that is less",
			help:  "How many connections the BFF and the API each keep open at a time, idle ones and streams included. Whoever comes beyond it gets the place of one of the address with the most, or a 503.",
			check: func(c *checker, v string) { c.Connections = c.number(v, 100, maxConnections) },
		},
		{
			name: "MAX_CONNECTIONS_PER_ADDRESS", by: ForServe | ForBFF, arg: "N", unset: "a fifth of MAX_CONNECTIONS",
			help:  "How many of them the BFF keeps open of one address (IPv4, or a /64 of IPv6). Beyond it that address gets a 429. TRUSTED_PROXIES may have more: each is many clients.",
			check: func(c *checker, v string) { c.ConnectionsOne = c.number(v, 10, maxConnections) },
		},
	}},
	{"Database", []setting{
		{
			name: "DATABASE_URL", by: ForServe | ForBFF | ForAPI | ForMigrate | ForData | ForPassword | ForToken, arg: "URL", value: "sqlite:data/vestibule.db", secret: true,
			help:  "sqlite:PATH or postgres://user:password@host/name.",
			check: func(c *checker, v string) { c.Database = c.databaseURL(v) },
		},
		{
			name: "MIGRATE", by: ForServe | ForBFF | ForAPI, arg: "BOOL", unset: "true on SQLite, false on PostgreSQL",
			help:  "Apply pending migrations at start. Without, a database that is behind refuses to start and names vestibule migrate up.",
			check: func(c *checker, v string) { c.Migrate = oneOf(c, v, truth) },
		},
	}},
	{"Secret", []setting{
		{
			name: "BETTER_AUTH_SECRET", by: ForServe | ForBFF | ForAPI | ForToken, arg: "SECRET", secret: true,
			unset: "made once beside a SQLite database when BASE_URL is http:// on a loopback host; anywhere else start is refused",
			help:  "Signs cookies and HS256 tokens; at least 32 bytes, the same for every process. Flags are seen by other users of the machine: prefer BETTER_AUTH_SECRET_FILE.",
			check: func(c *checker, v string) { c.Secret = c.signingSecret(v) },
		},
		{
			name: "BETTER_AUTH_SECRET_PREVIOUS", by: ForServe | ForBFF | ForAPI | ForToken, arg: "SECRET", secret: true, unset: "none",
			help:  "The secret before the last rotation: still verifies, never signs.",
			check: func(c *checker, v string) { c.previous = c.secretBytes(v) },
		},
	}},
	{"Sessions and cookies", []setting{
		{
			name: "SESSION_EXPIRES_IN", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.SessionExpiresIn),
			help:  "How long a session lives after its last update.",
			check: func(c *checker, v string) { c.BFF.SessionExpiresIn = c.lifetime(v, shortestSession, longestCookie) },
		},
		{
			name: "SESSION_UPDATE_AGE", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.SessionUpdateAge),
			help:  "How old that update must be before use makes another.",
			check: func(c *checker, v string) { c.BFF.SessionUpdateAge = orNone(c.lifetime(v, 0, longestCookie)) },
		},
		{
			name: "SESSION_MAX_AGE", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.SessionMaxAge),
			help:  "How long a session lives after sign-in; use never extends that.",
			check: func(c *checker, v string) { c.BFF.SessionMaxAge = c.lifetime(v, shortestSession, longestSession) },
		},
		{
			name: "SESSION_FRESH_AGE", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.SessionFreshAge),
			help:  "How long after a password was proven in a session, at sign-in for instance, a change of address, a deletion and the end of other sessions need no new proof.",
			check: func(c *checker, v string) { c.BFF.SessionFreshAge = c.lifetime(v, shortestSession, longestSession) },
		},
		{
			name: "SESSIONS_PER_USER", by: ForServe | ForBFF, arg: "N", value: strconv.Itoa(defaults.SessionsPerUser),
			help:  "How many sessions a user may have. A sign-in beyond it ends the one that was used longest ago.",
			check: func(c *checker, v string) { c.BFF.SessionsPerUser = c.number(v, 1, mostSessions) },
		},
		{
			name: "COOKIE_SAMESITE", by: ForServe | ForBFF, arg: "MODE", value: "lax",
			help:  "lax, strict or none; none only with an https BASE_URL.",
			check: func(c *checker, v string) { c.BFF.CookieSameSite = oneOf(c, v, sameSite) },
		},
		{
			name: "COOKIE_NAME", by: ForServe | ForBFF, arg: "NAME", value: defaults.CookieName,
			help:  "The session cookie. On https __Host- is put before it, unless it already starts with __Host- or __Secure-.",
			check: func(c *checker, v string) { c.BFF.CookieName = c.cookieName(v) },
		},
		{
			name: "PASSWORD_MIN_LENGTH", by: ForServe | ForBFF | ForPassword, arg: "N", value: strconv.Itoa(defaults.PasswordMinLength),
			help:  "The shortest password that can be chosen, in code points. NIST SP 800-63B-4 asks for 15 where the password is all that is asked for, as it is here: PASSWORD_MIN_LENGTH=15.",
			check: func(c *checker, v string) { c.BFF.PasswordMinLength = c.number(v, 8, 128) },
		},
		{
			name: "PASSWORD_DENY_COMMON", by: ForServe | ForBFF | ForPassword, arg: "BOOL", value: "true",
			help:  "Refuse new passwords that are guessed first: the common ones of an embedded list, the user's address and what stands before its @, the name vestibule, one character over and over.",
			check: func(c *checker, v string) { c.BFF.PasswordAllowCommon = !oneOf(c, v, truth) },
		},
		{
			name: "SIGN_UP", by: ForServe | ForBFF, arg: "MODE", value: "on",
			help:  "off closes sign-up; accounts are then made with vestibule user create.",
			check: func(c *checker, v string) { c.BFF.SignUpOff = oneOf(c, v, offSwitch) },
		},
		{
			name: "REQUIRE_EMAIL_VERIFICATION", by: ForServe | ForBFF, arg: "BOOL", value: "false",
			help:  "Sign-in only after the address is verified by the link in a mail. Sign-up then starts no session, and answers the same for new and taken addresses.",
			check: func(c *checker, v string) { c.BFF.RequireEmailVerification = oneOf(c, v, truth) },
		},
	}},
	{"Limits, mail and audit trail", []setting{
		{
			name: "RATE_LIMIT", by: ForServe | ForBFF, arg: "MODE", value: "on",
			help:  "off lifts the limits of sign-in, password checks, mails and requests at once, for tests and load measurements; not with an https BASE_URL.",
			check: func(c *checker, v string) { c.BFF.RateLimitOff = oneOf(c, v, offSwitch) },
		},
		{
			name: "SMTP_URL", by: ForServe | ForBFF, arg: "URL", secret: true, unset: "none; mails are written to MAIL_DIR",
			help:  "The mail server: smtp://user:password@host:587, which must offer STARTTLS unless it is on this machine, or smtps://user:password@host:465. smtp://host:25?tls=off, without a password, sends in clear.",
			check: func(c *checker, v string) { c.BFF.Mail.Server = c.smtpURL(v) },
		},
		{
			name: "MAIL_FROM", by: ForServe | ForBFF, arg: "ADDRESS", unset: "no-reply@ and the host of BASE_URL",
			help:  "The sender of mails, with or without a name, as in: Our App, then the address in angle brackets.",
			check: func(c *checker, v string) { c.BFF.Mail.From = c.mailFrom(v) },
		},
		{
			name: "MAIL_DIR", by: ForServe | ForBFF, arg: "FOLDER", value: defaults.Mail.Folder,
			help:  "Where mails are written as .eml files as long as SMTP_URL is not set. They hold links that open accounts.",
			check: func(c *checker, v string) { c.BFF.Mail.Folder = c.folder(v) },
		},
		{
			name: "AUDIT_RETENTION", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.AuditRetention),
			help:  "How long events of the audit trail are kept; 0 keeps them all.",
			check: func(c *checker, v string) { c.BFF.AuditRetention = orNone(c.retention(v)) },
		},
	}},
	{"Tasks", []setting{
		{
			name: "TASKS_PER_USER", by: ForServe | ForAPI, arg: "N", value: "100000",
			help:  "How many tasks a user may have; 0 is no limit. One more is a 409.",
			check: func(c *checker, v string) { c.TasksPerUser = c.number(v, 0, mostTasks) },
		},
	}},
	{"Tokens", []setting{
		{
			name: "JWT_ALGORITHM", by: ForServe | ForBFF | ForAPI | ForToken, arg: "NAME", value: defaults.JWTAlgorithm,
			help:  "HS256 (its key is BETTER_AUTH_SECRET), EdDSA or ES256.",
			check: func(c *checker, v string) { c.BFF.JWTAlgorithm = oneOf(c, v, algorithms) },
		},
		{
			name: "JWT_ISSUER", by: ForServe | ForBFF | ForAPI | ForToken, arg: "TEXT", value: defaults.JWTIssuer,
			help:  "The iss claim that the BFF writes and the API requires.",
			check: func(c *checker, v string) { c.BFF.JWTIssuer = c.text(v) },
		},
		{
			name: "JWT_AUDIENCE", by: ForServe | ForBFF | ForAPI | ForToken, arg: "TEXT", value: defaults.JWTAudience,
			help:  "The aud claim that the BFF writes and the API requires.",
			check: func(c *checker, v string) { c.BFF.JWTAudience = c.text(v) },
		},
		{
			name: "JWT_EXPIRES_IN", by: ForServe | ForBFF | ForToken, arg: "DURATION", value: shortDuration(defaults.JWTExpiresIn),
			help:  "How long the token lives that the BFF attaches to a request.",
			check: func(c *checker, v string) { c.BFF.JWTExpiresIn = c.duration(v, shortestToken, longestToken) },
		},
		{
			name: "EXPOSE_TOKEN", by: ForServe | ForBFF, arg: "BOOL", value: "false",
			help:  "Hand the token to pages that ask: GET /api/auth/token, and set-auth-jwt with the session. A script that runs in the page can then take it along (RFC 10017 §6.2).",
			check: func(c *checker, v string) { c.BFF.ExposeToken = oneOf(c, v, truth) },
		},
		{
			name: "JWKS_URL", by: ForServe | ForAPI, arg: "URL", unset: "BASE_URL/api/auth/jwks; vestibule serve asks its own BFF",
			help:  "Where the API gets the keys that verify EdDSA and ES256 tokens: https, or http on this machine.",
			check: func(c *checker, v string) { c.API.JWKSURL = c.jwksURL(v) },
		},
		{
			name: "JWT_ISSUERS", by: ForServe | ForAPI, arg: "JSON", unset: "none",
			help: "Further issuers whose services the API trusts: a JSON array of objects with issuer, jwks_url (https), audience, algorithm (EdDSA, ES256 or RS256) and scopes, " +
				"the most that its tokens open. JWT_ISSUERS_FILE reads it from a file.",
			check: func(c *checker, v string) { c.API.Issuers = c.issuers(v) },
		},
		{
			name: "MAX_REQUESTS_PER_CALLER", by: ForServe | ForAPI, arg: "N", value: "256",
			help:  "How many requests of one user or service may be under way at the task API at a time, event streams apart. Through the proxy a user has fewer.",
			check: func(c *checker, v string) { c.API.MaxRequestsPerCaller = c.number(v, 1, 1_000_000) },
		},
	}},
	{"Proxy", []setting{
		{
			name: "PROXY_FORWARD_HEADERS", by: ForServe | ForBFF, arg: "NAME,…", unset: "none",
			help:  "Further request headers that may pass to the API.",
			check: func(c *checker, v string) { c.BFF.ProxyForwardHeaders = c.headerNames(v) },
		},
		{
			name: "PROXY_BODY_LIMIT", by: ForServe | ForBFF, arg: "SIZE", value: fmt.Sprintf("%dMiB", defaults.ProxyBodyLimit>>20),
			help:  "The largest request body that is proxied, like 500KiB, 10MiB or 1GB; 0 is no limit.",
			check: func(c *checker, v string) { c.BFF.ProxyBodyLimit = orNone(c.size(v)) },
		},
		{
			name: "PROXY_MAX_REQUESTS", by: ForServe | ForBFF, arg: "N", value: strconv.Itoa(defaults.ProxyMaxRequests),
			help:  "How many proxied requests may wait for the API at a time. One user may have a tenth of so many under way, and one address a fifth; event streams and WebSockets do not count.",
			check: func(c *checker, v string) { c.BFF.ProxyMaxRequests = c.number(v, 10, 1_000_000) },
		},
		{
			name: "PROXY_TIMEOUT", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.ProxyTimeout),
			help:  "How long the API may take to the headers of its answer.",
			check: func(c *checker, v string) { c.BFF.ProxyTimeout = c.duration(v, 10*time.Millisecond, time.Hour) },
		},
	}},
	{"Streams", []setting{
		{
			name: "MAX_STREAMS_PER_SESSION", by: ForServe | ForBFF, arg: "N", value: strconv.Itoa(defaults.MaxStreamsPerSession),
			help:  "Event streams, WebSockets and other answers without an end that one session may have open through the proxy. Each tab in sight that shows live data has one.",
			check: func(c *checker, v string) { c.BFF.MaxStreamsPerSession = c.number(v, 1, 1_000_000) },
		},
		{
			name: "MAX_STREAMS_PER_USER", by: ForServe | ForBFF | ForAPI, arg: "N", value: strconv.Itoa(defaults.MaxStreamsPerUser),
			help:  "The same for all sessions of one user, and for the event streams of one user at the task API. Unless it is set, no more than half of MAX_STREAMS.",
			check: func(c *checker, v string) { c.BFF.MaxStreamsPerUser = c.number(v, 1, 1_000_000) },
		},
		{
			name: "MAX_STREAMS", by: ForServe | ForBFF | ForAPI, arg: "N", value: strconv.Itoa(defaults.MaxStreams),
			help:  "The same for all users together, at one instance.",
			check: func(c *checker, v string) { c.BFF.MaxStreams = c.number(v, 1, 1_000_000) },
		},
	}},
	{"App", []setting{
		{
			name: "WEB_DIR", by: ForServe | ForBFF, arg: "FOLDER", unset: "the embedded app",
			help:  "The folder of your own app's build (vite build: dist), served at /. A build that replaces it is seen at once.",
			check: func(c *checker, v string) { c.BFF.WebDir = c.webDir(v) },
		},
		{
			name: "WEB_DEV_URL", by: ForServe | ForBFF, arg: "URL", unset: "none",
			help:  "A dev server (Vite: http://localhost:5173) that is shown at / in place of a build, its WebSocket included; only with a BASE_URL on this machine.",
			check: func(c *checker, v string) { c.BFF.WebDevURL = c.webDevURL(v) },
		},
	}},
	{"Log", []setting{
		{
			name: "LOG_FORMAT", by: ForServe | ForBFF | ForAPI, arg: "FORMAT", unset: "text on a terminal, else json",
			help:  "text or json.",
			check: func(c *checker, v string) { c.LogFormat = oneOf(c, v, logFormats) },
		},
		{
			name: "LOG_LEVEL", by: ForServe | ForBFF | ForAPI, arg: "LEVEL", value: "info",
			help:  "debug, info, warn or error.",
			check: func(c *checker, v string) { c.LogLevel = oneOf(c, v, logLevels) },
		},
	}},
}
