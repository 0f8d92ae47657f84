// Package settings has every setting of the program: its name, default, check and
// help. It reads them from flags, environment variables and files, and reports all
// mistakes at once, one line each: nothing runs on settings that are only partly
// right. The result is one struct, Settings.
package settings

import (
	"log/slog"

	"vestibule/api"
	"vestibule/bff"
)

// Settings is what the settings of one command mean. What a command does not
// read is zero.
type Settings struct {
	BFF bff.Config
	API api.Config

	BFFAddr   string // host:port
	APIAddr   string
	AdminAddr string

	Connections    int // that each listener keeps open
	ConnectionsOne int // that the BFF's keeps open of one address

	Database     database
	Migrate      bool // apply pending migrations at start
	TasksPerUser int  // 0: no limit

	Secret   []byte // nil: not given
	previous []byte // nil: none
	// SecretFile is where the secret is made or found when none was given and
	// this may do without; else "".
	SecretFile string

	NetworkAPI  bool // serve calls its API over the network, at BACKEND_URL
	NetworkJWKS bool // the API asks JWKS_URL over the network

	WithoutEffect []string // variables of libpq that were set and are not read

	AsGiven []slog.Attr // what was given a value and where, to log; without secrets

	LogFormat string // text, json, or "" to decide by the terminal
	LogLevel  slog.Level
}

// Load reads the settings that the commands in by share and checks them. Its
// error is faults: all of them.
func Load(by Side, flags map[string]string, env Environment) (*Settings, error) {
	c := &checker{by: by, values: map[string]value{}}
	for _, s := range by.settings() {
		c.read(s, flags, env)
	}
	c.checkCombinations()
	c.unknownVariables(env)
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	c.AsGiven = c.allGiven()
	c.WithoutEffect = withoutEffect(env)
	return &c.Settings, nil
}

// PreviousSecrets are those that still verify.
func (c *Settings) PreviousSecrets() [][]byte {
	if c.previous == nil {
		return nil
	}
	return [][]byte{c.previous}
}
