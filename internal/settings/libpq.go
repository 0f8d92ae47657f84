package settings

// unsupportedVariables lists variables of libpq that lib/pq does not support: it refuses
// to connect when one of them is set. Some database providers tell their users to set
// them. (lib/pq itself reads the other PG… variables.)
var unsupportedVariables = []string{
	"PGCHANNELBINDING", "PGREQUIREAUTH", "PGSSLCRL", "PGSSLCRLDIR", "PGSSLCERTMODE", "PGREQUIREPEER",
	"PGSSLCOMPRESSION", "PGREQUIRESSL", "PGGSSENCMODE", "PGGSSDELEGATION", "PGGSSLIB", "PGREALM",
}

// UnsetUnsupported unsets these variables. It keeps PGGSSENCMODE=require: that asks for
// an encryption that lib/pq cannot do, so lib/pq must refuse to connect.
func UnsetUnsupported(env Environment, unset func(name string) error) {
	for _, name := range unsupportedVariables {
		if name != "PGGSSENCMODE" || env[name] != "require" {
			_ = unset(name) // fails only for an empty name
		}
	}
}

// ignoredVariables returns the unsupported variables that are set, for the log.
func ignoredVariables(env Environment) (given []string) {
	for _, name := range unsupportedVariables {
		if env[name] != "" {
			given = append(given, name)
		}
	}
	return given
}
