package daemon

import "vestibule/store/db"

// LaterVersion returns the version of the schema if a later version of the program has
// migrated the database, and otherwise 0.
func LaterVersion(status []db.Migration) (version int64) {
	for _, m := range status {
		if !m.Known() {
			version = max(version, m.Version)
		}
	}
	return version
}
