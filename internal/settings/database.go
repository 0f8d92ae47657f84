package settings

import (
	"path/filepath"
	"strings"

	"vestibule/store/db"
)

// database is the location of the data.
type database struct {
	URL    string // as given; it may hold a password
	SQLite string // the path of a SQLite file; "" on PostgreSQL

	ListenURL string // for notifications of PostgreSQL; "" for URL

	MaxConnections int // to PostgreSQL, of this process
}

// SecretFile returns the path at which the secret of a SQLite database is created when none is
// set.
func (d database) SecretFile() string {
	return filepath.Join(filepath.Dir(d.SQLite), secretFileName)
}

// databaseURL reads DATABASE_URL. It checks the path of a SQLite file; package db
// checks the URL of a PostgreSQL database.
func (c *checker) databaseURL(v string) database {
	const forms = "write sqlite:PATH or postgres://user:password@host/name"
	path, isSQLite := strings.CutPrefix(v, "sqlite:")
	switch {
	case isSQLite && strings.HasPrefix(path, "//"):
		c.refuse("", mistake{"has // after sqlite:, which would start at the root of the file system", "write sqlite:data/vestibule.db or sqlite:/var/lib/vestibule.db"})
	case isSQLite && (path == "" || strings.HasSuffix(path, "/")):
		c.refuse("", mistake{"names no file", "write sqlite:PATH, like sqlite:data/vestibule.db"})
	case isSQLite && (strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") || strings.ContainsAny(path, "?\x00")):
		c.refuse("", mistake{"is not a plain path", "write sqlite:PATH, like sqlite:data/vestibule.db, without options"})
	case isSQLite && unexpanded(path, "") != nil:
		c.refuse("", *unexpanded(path, "sqlite:/var/lib/vestibule.db"))
	case isSQLite:
		return database{URL: v, SQLite: filepath.Clean(path)}
	default:
		if !strings.HasPrefix(v, "postgres://") && !strings.HasPrefix(v, "postgresql://") {
			c.refuse("", mistake{"is neither SQLite nor PostgreSQL", forms})
		} else if err := db.CheckURL(v); err != nil {
			c.refuse("", mistake{"cannot be used (" + OneLine(err.Error()) + ")", "correct it; the form is postgres://user:password@host/name?sslmode=verify-full"})
		}
	}
	return database{URL: v}
}

// listenURL reads DATABASE_LISTEN_URL.
func (c *checker) listenURL(v string) string {
	if !strings.HasPrefix(v, "postgres://") && !strings.HasPrefix(v, "postgresql://") {
		c.refuse("", mistake{"is not a PostgreSQL URL", "write postgres://user:password@host/name, or leave it out on SQLite"})
	} else if err := db.CheckURL(v); err != nil {
		c.refuse("", mistake{"cannot be used (" + OneLine(err.Error()) + ")", "write postgres://user:password@host/name"})
	}
	return v
}
