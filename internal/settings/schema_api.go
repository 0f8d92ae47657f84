package settings

import (
	"fmt"
	"strconv"
	"time"

	"vestibule/bff/route"
)

var taskSettings = group{"Tasks", []setting{
	{
		name: "TASKS_PER_USER", by: ForServe | ForAPI, arg: "N", value: "100000",
		help:  "How many tasks a user may have; 0 means no limit. Beyond it, a new task gets a 409.",
		check: func(c *checker, v string) { c.TasksPerUser = c.number(v, 0, maxTasks) },
	},
}}

var tokenSettings = group{"Tokens", []setting{
	oneWord(algorithms, func(c *checker, means string) { c.BFF.JWTAlgorithm = means }, setting{
		name: "JWT_ALGORITHM", by: ForServe | ForBFF | ForAPI | ForToken, arg: "NAME", value: defaults.JWTAlgorithm,
		help: "HS256 (its key is BETTER_AUTH_SECRET), EdDSA or ES256.",
	}),
	{
		name: "JWT_ISSUER", by: ForServe | ForBFF | ForAPI | ForToken, arg: "TEXT", value: defaults.JWTIssuer,
		help:  "The iss claim that the BFF puts into tokens and the API requires.",
		check: func(c *checker, v string) { c.BFF.JWTIssuer = c.text(v) },
	},
	{
		name: "JWT_AUDIENCE", by: ForServe | ForBFF | ForAPI | ForToken | ForRoutes, arg: "TEXT", value: defaults.JWTAudience,
		help:  "The aud claim that the BFF puts into tokens and the API requires.",
		check: func(c *checker, v string) { c.BFF.JWTAudience = c.text(v) },
	},
	oneWord(tokenTypes, func(c *checker, means string) { c.BFF.JWTType = means }, setting{
		name: "JWT_TYPE", by: ForServe | ForBFF | ForToken, arg: "NAME", value: defaults.JWTType,
		help: "The typ of tokens: at+jwt (RFC 9068), or JWT for verifiers that refuse that. The task API accepts both.",
	}),
	{
		name: "JWT_EXPIRES_IN", by: ForServe | ForBFF | ForToken, arg: "DURATION", value: shortDuration(defaults.JWTExpiresIn),
		help:  "How long the token that the BFF attaches to a request is valid.",
		check: func(c *checker, v string) { c.BFF.JWTExpiresIn = c.duration(v, shortestToken, longestToken) },
	},
	{
		name: "JWT_KEY_ROTATION", by: ForServe | ForBFF, arg: "DURATION", value: shortDuration(defaults.JWTKeyRotation),
		help:  "How long a signing key of EdDSA and ES256 is used until the next one replaces it; 0 means until vestibule keys rotate. It has no effect with HS256, whose key is BETTER_AUTH_SECRET.",
		check: func(c *checker, v string) { c.BFF.JWTKeyRotation = zeroMeansNone(c.rotation(v)) },
	},
	oneWord(boolWords, func(c *checker, means bool) { c.BFF.ExposeToken = means }, setting{
		name: "EXPOSE_TOKEN", by: ForServe | ForBFF, arg: "BOOL", value: "false",
		help: "Let pages read the token: GET /api/auth/token, and the set-auth-jwt header of the session. A malicious script in the page can then steal it (RFC 10017 §6.2).",
	}),
	{
		name: "JWKS_URL", by: ForServe | ForAPI, arg: "URL", unset: "BASE_URL/api/auth/jwks; vestibule serve uses its own BFF",
		help:  "Where the API gets the keys that verify EdDSA and ES256 tokens: https, or http on this machine.",
		check: func(c *checker, v string) { c.API.JWKSURL = c.jwksURL(v) },
	},
	{
		name: "JWT_ISSUERS", by: ForServe | ForAPI, arg: "JSON", unset: "none",
		help: "Other issuers whose services the API trusts: a JSON array of objects with issuer, jwks_url (https), audience, algorithm (EdDSA, ES256 or RS256) and scopes, " +
			"the maximum scopes of its tokens. JWT_ISSUERS_FILE reads the array from a file.",
		check: func(c *checker, v string) { c.API.Issuers = c.issuers(v) },
	},
	{
		name: "MAX_REQUESTS_PER_CALLER", by: ForServe | ForAPI, arg: "N", value: "256",
		help:  "How many requests of one user or service the task API handles at a time, without event streams. The proxy has a lower limit for each user.",
		check: func(c *checker, v string) { c.API.MaxRequestsPerCaller = c.number(v, 1, 1_000_000) },
	},
}}

var proxySettings = group{"Proxy", []setting{
	{
		name: "PROXY_FORWARD_HEADERS", by: ForServe | ForBFF | ForRoutes, arg: "NAME,…", unset: "none",
		help:  "Additional request headers that the proxy forwards to the API: names, and patterns like X-My-* that match all names with this beginning. A pattern is refused if it matches a header that must not pass, like X-F*, which matches X-Forwarded-For.",
		check: func(c *checker, v string) { c.BFF.ProxyForwardHeaders = c.headerNames(v) },
	},
	{
		name: "PROXY_BODY_LIMIT", by: ForServe | ForBFF | ForRoutes, arg: "SIZE", value: fmt.Sprintf("%dMiB", defaults.ProxyBodyLimit>>20),
		help:  "The largest request body that the proxy forwards, like 500KiB, 10MiB or 1GB; 0 means no limit.",
		check: func(c *checker, v string) { c.BFF.ProxyBodyLimit = zeroMeansNone(c.size(v)) },
	},
	{
		name: "PROXY_MAX_REQUESTS", by: ForServe | ForBFF, arg: "N", value: strconv.Itoa(defaults.ProxyMaxRequests),
		help:  "How many proxied requests may wait for the API at a time. One user may have a tenth of them, and one address a fifth. Event streams and WebSockets do not count.",
		check: func(c *checker, v string) { c.BFF.ProxyMaxRequests = c.number(v, 10, 1_000_000) },
	},
	{
		name: "PROXY_TIMEOUT", by: ForServe | ForBFF | ForRoutes, arg: "DURATION", value: shortDuration(defaults.ProxyTimeout),
		help:  "How long the API may take to send the headers of its response.",
		check: func(c *checker, v string) { c.BFF.ProxyTimeout = c.duration(v, 10*time.Millisecond, time.Hour) },
	},
	oneWord(transports, func(c *checker, means bool) { c.BFF.ProxyStandardTransport = means }, setting{
		name: "PROXY_TRANSPORT", by: ForServe | ForBFF, arg: "NAME", value: "direct",
		help: "How requests reach an API in another process. direct: requests without a body to an http API take a shorter way through the program. standard: all requests go through net/http's client.",
	}),
	{
		name: "ROUTES", by: ForServe | ForBFF | ForRoutes, reload: true, arg: "JSON", unset: "one route, /api/proxy/ to BACKEND_URL/api/", maxFile: route.MaxText,
		help: "The routes of the proxy: a JSON array of objects with path, upstream, audience and more, as docs/routes.md describes. ROUTES_FILE reads the array from a file. " +
			"PROXY_FORWARD_HEADERS, PROXY_BODY_LIMIT and PROXY_TIMEOUT apply to routes without a rule of their own.",
		check: func(c *checker, v string) { c.BFF.Routes = c.routes(v) },
	},
}}

var streamSettings = group{"Streams", []setting{
	{
		name: "MAX_STREAMS_PER_SESSION", by: ForServe | ForBFF, arg: "N", value: strconv.Itoa(defaults.MaxStreamsPerSession),
		help:  "How many event streams, WebSockets and other endless responses one session may have open through the proxy. Each visible tab with live data needs one.",
		check: func(c *checker, v string) { c.BFF.MaxStreamsPerSession = c.number(v, 1, 1_000_000) },
	},
	{
		name: "MAX_STREAMS_PER_USER", by: ForServe | ForBFF | ForAPI, arg: "N", value: strconv.Itoa(defaults.MaxStreamsPerUser),
		help:  "The same limit for all sessions of one user, and for the event streams of one user at the task API. If it is not set, it is at most half of MAX_STREAMS.",
		check: func(c *checker, v string) { c.BFF.MaxStreamsPerUser = c.number(v, 1, 1_000_000) },
	},
	{
		name: "MAX_STREAMS", by: ForServe | ForBFF | ForAPI, arg: "N", value: strconv.Itoa(defaults.MaxStreams),
		help:  "The same limit for all users together, in each process.",
		check: func(c *checker, v string) { c.BFF.MaxStreams = c.number(v, 1, 1_000_000) },
	},
}}

var appSettings = group{"App", []setting{
	{
		name: "WEB_DIR", by: ForServe | ForBFF, arg: "FOLDER", unset: "the embedded app",
		help:  "The folder of your built app (Vite and Astro: dist, Next.js: out, SvelteKit: build), served at /. A new build is served at once.",
		check: func(c *checker, v string) { c.BFF.WebDir = c.webDir(v) },
	},
	{
		name: "WEB_DEV_URL", by: ForServe | ForBFF, arg: "URL", unset: "none",
		help:  "A dev server (Vite: http://localhost:5173) that is proxied at / with its WebSocket, instead of a built app; needs a BASE_URL on this machine.",
		check: func(c *checker, v string) { c.BFF.WebDevURL = c.webDevURL(v) },
	},
	{
		name: "APP_NAME", by: ForServe | ForBFF, arg: "TEXT", unset: "Vestibule for the embedded app, else the host of BASE_URL",
		help:  "The name of your site in the embedded app, in mails and on the pages behind their links: at most 40 characters.",
		check: func(c *checker, v string) { c.BFF.AppName = c.appName(v) },
	},
}}
