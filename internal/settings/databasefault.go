package settings

import (
	"context"
	"errors"
	"fmt"

	"vestibule/store/db"
)

// Failure names the setting and the cure for what the store could not do.
func (d database) Failure(err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted: %w", err)
	}
	f := Failure{Fault: Fault{Setting: "DATABASE_URL"}, Cause: err}
	switch {
	case errors.Is(err, db.ErrBehind):
		f.Problem = "names a database that is behind this version"
		f.Cure = "run vestibule migrate up, or set MIGRATE=true"
	case errors.Is(err, db.ErrAhead):
		f.Problem = "names a database that a later version has migrated"
		f.Cure = "run that version, or vestibule migrate down with it first"
	case errors.Is(err, db.ErrForeign) && d.SQLite == "":
		f.Problem = "names a database in which another program already uses the same names"
		f.Cure = "give vestibule a database or a schema of its own: CREATE SCHEMA vestibule, and then ?search_path=vestibule in the URL or ALTER ROLE … SET search_path = vestibule"
	case errors.Is(err, db.ErrEncoding):
		f.Problem = "names a database whose encoding cannot store every character"
		f.Cure = "create another one with createdb --encoding=UTF8 --template=template0, and move what is in this one with pg_dump"
	case errors.Is(err, db.ErrNoSchema):
		f.Problem = "names a database without the right schema"
		f.Cure = "begin search_path with the schema that has vestibule's tables, in the URL or by ALTER ROLE … SET search_path; where there is none yet, CREATE SCHEMA"
	case errors.Is(err, db.ErrForbidden):
		f.Problem = "names a database in which this user may not do what is needed"
		f.Cure = "give the user a schema of its own, CREATE SCHEMA vestibule AUTHORIZATION …, and begin search_path with it; or GRANT CREATE ON SCHEMA, and for what others have made SELECT, INSERT, UPDATE and DELETE"
	case errors.Is(err, db.ErrParameter):
		f.Problem = "has a parameter that cannot be used"
		f.Cure = "remove it from the URL; a setting like search_path is set by ALTER ROLE … SET instead where a pooler refuses it"
	case errors.Is(err, db.ErrForeign):
		f.Problem = "names a file that belongs to another program"
		f.Cure = "set DATABASE_URL to a file of its own; " + d.SQLite + " was left as it is"
	case errors.Is(err, db.ErrClaimed):
		f.Problem = "names a database that another vestibule process already serves"
		f.Cure = "stop that one, or use PostgreSQL, which any number may share"
	case errors.Is(err, db.ErrOtherName):
		f.Problem = "names a file that another vestibule process has open under another name: a hard link, or a mount of the single file"
		f.Cure = "use one name, or mount the folder: SQLite keeps its log beside the name, and two logs damage the file"
	case errors.Is(err, db.ErrOtherFile):
		f.Problem = "names a file that has replaced one which another vestibule process still has open"
		f.Cure = "stop that one first; to restore a backup, stop it before"
	case d.SQLite != "":
		f.Problem = "names a database that cannot be used"
		f.Cure = "make " + d.SQLite + " and its folder writable for this user, or set DATABASE_URL to another file"
	case errors.Is(err, db.ErrUnavailable):
		f.Problem = "names a database that does not answer"
		f.Cure = "start it, or correct the host and port"
	default:
		f.Problem = "names a database that cannot be used"
		f.Cure = "check the user, the password, the database's name and the options in it"
	}
	return f
}
