package main

import (
	"log/slog"

	"vestibule/api"
	"vestibule/bff"
)

// config is what the settings of one command mean. What a command does not
// read is zero.
type config struct {
	bff bff.Config
	api api.Config

	bffAddr   string // host:port
	apiAddr   string
	adminAddr string

	connections    int // that each listener keeps open
	connectionsOne int // that the BFF's keeps open of one address

	database database
	migrate  bool // apply pending migrations at start

	secret   []byte // nil: not given
	previous []byte // nil: none
	// secretFile is where the secret is made or found when none was given and
	// this may do without; else "".
	secretFile string

	networkAPI  bool // serve calls its API over the network, at BACKEND_URL
	networkJWKS bool // the API asks JWKS_URL over the network

	asGiven []slog.Attr // what was given a value and where, to log; without secrets

	logFormat string // text, json, or "" to decide by the terminal
	logLevel  slog.Level
}

// load reads the settings that the commands in by share and checks them. Its
// error is faults: all of them.
func load(by side, flags map[string]string, env environment) (*config, error) {
	c := &checker{by: by, values: map[string]value{}}
	for _, s := range by.settings() {
		c.read(s, flags, env)
	}
	c.together()
	c.unread(env)
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	c.asGiven = c.allGiven()
	return &c.config, nil
}

// previousSecrets are those that still verify.
func (c *config) previousSecrets() [][]byte {
	if c.previous == nil {
		return nil
	}
	return [][]byte{c.previous}
}
