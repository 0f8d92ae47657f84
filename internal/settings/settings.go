// Package settings defines every setting of the program: its name, default, check and
// help. It reads settings from flags, environment variables and files. If there are
// mistakes, it reports all of them, one per line, and the program does not start.
// Otherwise the result is one struct, Settings.
package settings

import (
	"log/slog"
	"time"

	"vestibule/api"
	"vestibule/bff"
	"vestibule/internal/tracing"
)

// Settings holds the checked settings of one command. Settings that the command does
// not read are zero.
type Settings struct {
	BFF bff.Config
	API api.Config

	BFFAddr   string // host:port
	APIAddr   string
	AdminAddr string
	// ForwardAuthAddr is where forward auth listens, or "".
	ForwardAuthAddr string

	DrainDelay time.Duration // how long the listeners stay open after /readyz has begun to fail

	KeepAlive time.Duration // how long a connection is kept between requests

	MaxConnections           int // limit of open connections for each listener
	MaxConnectionsPerAddress int // limit of open connections to the BFF from one address

	Database     database
	Migrate      bool // apply pending migrations at start
	TasksPerUser int  // 0: no limit

	Secret   []byte // nil: not set
	previous []byte // nil: none
	// SecretFile is the file that holds the created secret. It is "" if a secret is
	// set, if none is needed, or if none may be created.
	SecretFile string

	NetworkAPI  bool // BACKEND_URL is set: serve calls the API there over the network
	ForeignAPI  bool // BACKEND_URL or ROUTES lead past the task API of serve; if API_ADDR is not set, serve leaves it out
	NetworkJWKS bool // JWKS_URL is set: the API fetches the keys there over the network

	IgnoredVariables []string // variables of libpq that are set but not supported
	Unread           []string // settings that are set, but only for the task API that serve leaves out

	SecretValueFiles []ValueFile // the files that NAME_FILE names, of settings that are secret

	AsGiven []slog.Attr // values that are not defaults, and their sources, for the log; without secrets

	LogFormat string // text, json, or "" for text on a terminal and json elsewhere
	LogLevel  slog.Level
	Pprof     bool // serve profiles at the admin address

	Tracing tracing.Config // where traces go
	traces  traceValues

	start given // for Reload
}

// ValueFile is a file that holds the value of a setting.
type ValueFile struct {
	Variable string // like BETTER_AUTH_SECRET_FILE
	Path     string
}

// Load reads and checks the settings of the commands in by. Its error is Faults, with
// all mistakes.
func Load(by Side, flags map[string]string, env Environment) (*Settings, error) {
	c, faults := Examine(by, flags, env)
	if len(faults) > 0 {
		return nil, faults
	}
	return c, nil
}

// Examine is Load for a report on an installation. It returns the settings even if some have
// faults; only the others may be used.
func Examine(by Side, flags map[string]string, env Environment) (*Settings, Faults) {
	return examine(given{by: by, flags: flags, env: env}, nil)
}

// examine reads and checks the settings. reading is nil, or the reload for which it reads them.
func examine(from given, reading *reloading) (*Settings, Faults) {
	c := &checker{by: from.by, values: map[string]value{}, reading: reading, env: from.env}
	c.start = from
	c.start.files = map[string]string{}
	for _, s := range from.by.settings() {
		c.read(s, from.flags, from.env)
	}
	c.checkCombinations()
	if reading == nil {
		c.start.hasAPI = c.APIAddr != ""
	}
	c.unknownVariables(from.env)
	c.AsGiven = c.allGiven()
	c.IgnoredVariables = ignoredVariables(from.env)
	return &c.Settings, c.faults
}

// PreviousSecrets returns the secrets that verify but do not sign.
func (c *Settings) PreviousSecrets() [][]byte {
	if c.previous == nil {
		return nil
	}
	return [][]byte{c.previous}
}
