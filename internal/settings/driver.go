package settings

// unsupportedByDriver are variables of libpq that lib/pq, which reads the others by itself,
// refuses to connect with. Pages of providers have people set them.
var unsupportedByDriver = []string{
	"PGCHANNELBINDING", "PGREQUIREAUTH", "PGSSLCRL", "PGSSLCRLDIR", "PGSSLCERTMODE", "PGREQUIREPEER",
	"PGSSLCOMPRESSION", "PGREQUIRESSL", "PGGSSENCMODE", "PGGSSDELEGATION", "PGGSSLIB", "PGREALM",
}

// HideFromDriver takes them out of the environment. It leaves the wish for an
// encryption that there is not: the refusal names it.
func HideFromDriver(env Environment, unset func(name string) error) {
	for _, name := range unsupportedByDriver {
		if name != "PGGSSENCMODE" || env[name] != "require" {
			_ = unset(name) // fails for an empty name only
		}
	}
}

// withoutEffect returns those that were set, for the log.
func withoutEffect(env Environment) (given []string) {
	for _, name := range unsupportedByDriver {
		if env[name] != "" {
			given = append(given, name)
		}
	}
	return given
}
