package settings

import (
	"log/slog"
	"strconv"

	"vestibule/store/db"
)

var addressSettings = group{"Addresses", []setting{
	{
		name: "BASE_URL", by: ForServe | ForBFF | ForAPI | ForToken | ForRoutes, arg: "ORIGIN", value: defaults.BaseURL.String(),
		help:  "The public origin of the BFF, as browsers see it. https:// switches on Secure cookies, __Host- names and HSTS. The API reads it for the default of JWKS_URL.",
		check: func(c *checker, v string) { c.BFF.BaseURL = c.origin(v) },
	},
	{
		name: "BFF_ADDR", by: ForServe | ForBFF | ForRoutes, arg: "HOST:PORT", value: "localhost:3000",
		help:  "Where the BFF listens. An empty host means every interface.",
		check: func(c *checker, v string) { c.BFFAddr = c.address(v) },
	},
	{
		name: "API_ADDR", by: ForServe | ForAPI, arg: "HOST:PORT", value: "localhost:8000",
		help:  "Where the task API listens. It is internal: browsers never need to reach it.",
		check: func(c *checker, v string) { c.APIAddr = c.address(v) },
	},
	{
		name: "ADMIN_ADDR", by: ForServe | ForBFF | ForHealth, arg: "HOST:PORT", value: "localhost:9090",
		help:  "Where the admin server with /livez, /readyz, /healthz, /metrics and /log-level listens. It needs no sign-in: keep it off public networks.",
		check: func(c *checker, v string) { c.AdminAddr = c.address(v) },
	},
	{
		name: "ADMIN_ADDR", by: ForAPI, arg: "HOST:PORT", value: "localhost:9091",
		help:  "The address of the admin server of vestibule api.",
		check: func(c *checker, v string) { c.AdminAddr = c.address(v) },
	},
	{
		name: "FORWARD_AUTH_ADDR", by: ForServe | ForBFF, arg: "HOST:PORT", unset: "off",
		help:  "Where nginx, Caddy or Traefik in front of your own applications ask GET /verify whether a request may pass (docs/deploy.md). Its answers have tokens: let only that proxy reach it.",
		check: func(c *checker, v string) { c.ForwardAuthAddr = c.address(v) },
	},
	{
		name: "DRAIN_DELAY", by: ForServe | ForBFF | ForAPI, arg: "DURATION", unset: "5s, or 0 if BFF_ADDR, API_ADDR and FORWARD_AUTH_ADDR are on loopback hosts",
		help:  "After SIGTERM /readyz fails, and the listeners stay open for this long, or until each load balancer that polls /readyz got three failing answers, whichever is later.",
		check: func(c *checker, v string) { c.DrainDelay = c.duration(v, 0, longestDrainDelay) },
	},
	{
		name: "KEEP_ALIVE_TIMEOUT", by: ForServe | ForBFF | ForAPI, arg: "DURATION", value: "120s",
		help:  "An unused connection is closed after this time. It must be longer than a load balancer in front keeps one, or the balancer may send a request to a connection that is being closed, and answer 502.",
		check: func(c *checker, v string) { c.KeepAlive = c.duration(v, shortestKeepAlive, longestKeepAlive) },
	},
	{
		name: "BACKEND_URL", by: ForServe | ForBFF | ForRoutes, arg: "URL", value: defaults.Backend.String(),
		help:  "The API behind /api/proxy/*, and behind routes without an upstream; requests go to BACKEND_URL/api/*. If it is not set, vestibule serve calls its task API inside the process. If it is another API than the task API, vestibule serve runs no task API, unless API_ADDR is set.",
		check: func(c *checker, v string) { c.BFF.Backend = c.backend(v) },
	},
	{
		name: "TRUSTED_ORIGINS", by: ForServe | ForBFF, arg: "ORIGIN,…", unset: "none",
		help:  "Other origins whose pages may call the BFF with the user's session, each exactly as scheme://host[:port].",
		check: func(c *checker, v string) { c.BFF.TrustedOrigins = c.origins(v) },
	},
	{
		name: "CORS_API_ORIGINS", by: ForServe | ForAPI, arg: "ORIGIN,…", unset: "none",
		help:  "Origins whose pages may call the task API directly, with their own bearer token and without cookies. Pages that use the BFF do not need it.",
		check: func(c *checker, v string) { c.API.CORSOrigins = c.origins(v) },
	},
	{
		name: "TRUSTED_PROXIES", by: ForServe | ForBFF | ForAPI, arg: "CIDR,…", unset: "trust nobody",
		help:  "Networks or addresses of reverse proxies whose X-Forwarded-For (read from right to left) and X-Request-Id headers are trusted. For vestibule api, list the BFF here.",
		check: func(c *checker, v string) { c.BFF.TrustedProxies = c.prefixes(v) },
	},
	{
		name: "MAX_CONNECTIONS", by: ForServe | ForBFF | ForAPI, arg: "N", unset: "10000, or half of the files that the process may open if that is less",
		help:  "How many connections the BFF, forward auth and the API each keep open at a time, including idle connections and streams. At the limit, a new connection replaces one of the address that has the most, or gets a 503.",
		check: func(c *checker, v string) { c.MaxConnections = c.number(v, 100, maxConnections) },
	},
	{
		name: "MAX_CONNECTIONS_PER_ADDRESS", by: ForServe | ForBFF, arg: "N", unset: "a fifth of MAX_CONNECTIONS",
		help:  "How many of these connections the BFF keeps open for one address (IPv4, or a /64 of IPv6). At the limit, that address gets a 429. It does not apply to TRUSTED_PROXIES, because each of them stands for many clients.",
		check: func(c *checker, v string) { c.MaxConnectionsPerAddress = c.number(v, 10, maxConnections) },
	},
}}

var databaseSettings = group{"Database", []setting{
	{
		name: "DATABASE_URL", by: ForServe | ForBFF | ForAPI | ForMigrate | ForData | ForPassword | ForToken, arg: "URL", value: "sqlite:data/vestibule.db", secret: true,
		help:  "sqlite:PATH or postgres://user:password@host/name.",
		check: func(c *checker, v string) { c.Database = c.databaseURL(v) },
	},
	{
		name: "DATABASE_LISTEN_URL", by: ForServe | ForBFF | ForAPI, arg: "URL", unset: "DATABASE_URL", secret: true,
		help:  "A direct connection to the same PostgreSQL database, for notifications, if DATABASE_URL is a pooler in transaction mode, which delivers none. Without notifications every request asks the database for its session.",
		check: func(c *checker, v string) { c.Database.ListenURL = c.listenURL(v) },
	},
	{
		name: "DATABASE_MAX_CONNS", by: ForServe | ForBFF | ForAPI, arg: "N", value: strconv.Itoa(db.DefaultConnections),
		help: "How many connections to PostgreSQL this process has at most. Those of all processes together must fit into PostgreSQL's max_connections. It has no effect on SQLite.",
		check: func(c *checker, v string) {
			c.Database.MaxConnections = c.number(v, db.MinConnections, db.MaxConnections)
		},
	},
	oneWord(boolWords, func(c *checker, means bool) { c.Migrate = means }, setting{
		name: "MIGRATE", by: ForServe | ForBFF | ForAPI, arg: "BOOL", unset: "true on SQLite, false on PostgreSQL",
		help: "Apply pending migrations at start. If false, the program does not start while migrations are pending; vestibule migrate up applies them.",
	}),
}}

var secretSettings = group{"Secret", []setting{
	{
		name: "BETTER_AUTH_SECRET", by: ForServe | ForBFF | ForAPI | ForToken, arg: "SECRET", secret: true,
		unset: "created once next to a SQLite database if BASE_URL is http:// on a loopback host; otherwise the program does not start",
		help:  "Signs cookies and HS256 tokens; at least 32 bytes, the same for every process. Other users of the machine can see flags: prefer BETTER_AUTH_SECRET_FILE.",
		check: func(c *checker, v string) { c.Secret = c.signingSecret(v) },
	},
	{
		name: "BETTER_AUTH_SECRET_PREVIOUS", by: ForServe | ForBFF | ForAPI | ForToken, arg: "SECRET", secret: true, unset: "none",
		help:  "Another secret that verifies, but signs nothing: while BETTER_AUTH_SECRET is changed, first the new one, and then the old one. It is one secret, not a list.",
		check: func(c *checker, v string) { c.previous = c.previousSecret(v) },
	},
}}

var logSettings = group{"Log", []setting{
	oneWord(logFormats, func(c *checker, means string) { c.LogFormat = means }, setting{
		name: "LOG_FORMAT", by: ForServe | ForBFF | ForAPI, arg: "FORMAT", unset: "text on a terminal, else json",
		help: "text or json.",
	}),
	oneWord(logLevels, func(c *checker, means slog.Level) { c.LogLevel = means }, setting{
		name: "LOG_LEVEL", by: ForServe | ForBFF | ForAPI, arg: "LEVEL", value: "info",
		help: "debug, info, warn or error. PUT /log-level at the admin address changes it while the program runs.",
	}),
	oneWord(boolWords, func(c *checker, means bool) { c.Pprof = means }, setting{
		name: "PPROF", by: ForServe | ForBFF | ForAPI, arg: "BOOL", value: "false",
		help: "Serve Go's profiles at /debug/pprof/ of the admin address. They show what the program does, and a profile costs processor time.",
	}),
}}
