package settings

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vestibule/store/db"
)

// databaseFaults maps errors of the store to the message for the operator. The first
// row that matches is used, so rows for one engine come before the general ones.
var databaseFaults = []struct {
	err     error  // nil: any error
	engine  engine // "": both
	problem string
	cure    string // PATH stands for the path of the SQLite file
}{
	{
		err:     db.ErrBehind,
		problem: "names a database whose schema is older than this version needs",
		cure:    "run vestibule migrate up, or set MIGRATE=true",
	}, {
		err:     db.ErrAhead,
		problem: "names a database that a later version has migrated",
		cure:    "run that version, or first run vestibule migrate down with it",
	}, {
		err:     db.ErrLocked,
		problem: "names a database in which other transactions hold locks that a migration needs; it was not applied",
		cure:    "let them end, or end them with SELECT pg_terminate_backend(PROCESS), and run vestibule migrate up again",
	}, {
		err: db.ErrForeign, engine: onPostgreSQL,
		problem: "names a database in which another program already uses the same names",
		cure:    "give vestibule its own database, or its own schema: CREATE SCHEMA vestibule, and then ?search_path=vestibule in the URL or ALTER ROLE … SET search_path = vestibule",
	}, {
		err: db.ErrForeign, engine: onSQLite,
		problem: "names a file that belongs to another program",
		cure:    "set DATABASE_URL to a new file; PATH was not changed",
	}, {
		err:     db.ErrEncoding,
		problem: "names a database whose encoding cannot store every character",
		cure:    "create a new database with createdb --encoding=UTF8 --template=template0, and move the data with pg_dump",
	}, {
		err:     db.ErrNoSchema,
		problem: "names a database without the right schema",
		cure:    "put the schema of vestibule's tables first in search_path, in the URL or by ALTER ROLE … SET search_path; if it does not exist yet, run CREATE SCHEMA, and if this user may not use it, GRANT USAGE ON SCHEMA",
	}, {
		err:     db.ErrForbidden,
		problem: "names a database in which this user lacks permissions",
		cure:    "create a schema for the user with CREATE SCHEMA vestibule AUTHORIZATION …, and put it first in search_path; or GRANT CREATE ON SCHEMA, and GRANT SELECT, INSERT, UPDATE and DELETE on tables that another role created",
	}, {
		err:     db.ErrParameter,
		problem: "has a parameter that cannot be used",
		cure:    "remove it from the URL; if a pooler refuses a setting like search_path, set it by ALTER ROLE … SET",
	}, {
		err:     db.ErrClaimed,
		problem: "names a database that another vestibule process already serves",
		cure:    "stop that process, or use PostgreSQL, which several processes can share",
	}, {
		err:     db.ErrOtherName,
		problem: "names a file that another vestibule process has open under another name: a hard link, or a mount of the single file",
		cure:    "use one name, or mount the folder: SQLite keeps its log next to the name, and two logs damage the file",
	}, {
		err:     db.ErrOtherFile,
		problem: "names a file that has replaced one which another vestibule process still has open",
		cure:    "stop that process; before you restore a backup, stop every vestibule process",
	}, {
		err:     db.ErrInterrupted,
		problem: "names a file that is missing since a restore",
		cure:    "run vestibule restore again, or rename the latest PATH-before-… back, if there is one, and delete the folder that the restore has left",
	}, {
		err:     db.ErrNotAFile,
		problem: "names a folder or a device",
		cure:    "name a file, like sqlite:PATH/vestibule.db",
	}, {
		engine:  onSQLite,
		problem: "names a database that cannot be used",
		cure:    "make PATH and its folder writable for this user, or set DATABASE_URL to another file",
	}, {
		err:     db.ErrUntrusted,
		problem: "names a database whose certificate is not accepted",
		cure:    "set sslrootcert in the URL to a file with the certificate of the authority that has signed it, and write the host as it is in the certificate",
	}, {
		err:     db.ErrNoConnection,
		problem: "names a database that has no free connection (53300)",
		cure:    "raise max_connections of PostgreSQL (or the limit of the role, the database or the pooler), or lower DATABASE_MAX_CONNS of the running processes",
	}, {
		err:     db.ErrUnavailable,
		problem: "names a database that does not answer",
		cure:    "start it, or correct the host and port",
	}, {
		problem: "names a database that cannot be used",
		cure:    "check the user, the password, the name of the database and the options in the URL",
	},
}

type engine string

const (
	onSQLite     engine = "SQLite"
	onPostgreSQL engine = "PostgreSQL"
)

// Failure turns an error of the store into a message that names DATABASE_URL and the
// cure.
func (d database) Failure(err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted: %w", err)
	}
	used := onPostgreSQL
	if d.SQLite != "" {
		used = onSQLite
	}
	f := Failure{Fault: Fault{Setting: "DATABASE_URL"}, Cause: err}
	for _, row := range databaseFaults {
		if (row.err == nil || errors.Is(err, row.err)) && (row.engine == "" || row.engine == used) {
			f.Problem, f.Cure = row.problem, strings.ReplaceAll(row.cure, "PATH", d.SQLite)
			break
		}
	}
	return f
}
