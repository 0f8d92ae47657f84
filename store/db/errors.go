package db

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors that callers compare with errors.Is. Any other error of a method is a defect. When
// the caller has cancelled its context, the error is context.Canceled.
var (
	ErrNotFound    = NewError("not found")
	ErrConflict    = NewError("already exists")
	ErrNoUser      = NewError("no such user")
	ErrInvalidText = NewError("text holds NUL or is not UTF-8")

	// ErrUnavailable means that the database cannot be reached, did not answer, or cannot
	// be written because of a full disk or a damaged or read-only file. Then it is unknown
	// whether a write has happened: it was sent at most once, but its confirmation may
	// have been lost.
	ErrUnavailable error = unavailable{}

	// ErrNoConnection is an ErrUnavailable: the server, its database, the role or a pooler
	// takes no further connection.
	ErrNoConnection = fmt.Errorf("%w: PostgreSQL has no free connection; raise max_connections or lower DATABASE_MAX_CONNS", ErrUnavailable)

	// ErrUntrusted is an ErrUnavailable: the certificate of the server fails the check that
	// sslmode asks for.
	ErrUntrusted = fmt.Errorf("%w: the certificate of the server is not accepted", ErrUnavailable)

	ErrForeign   = errors.New("not a database of ours")
	ErrNotAFile  = errors.New("not a file")
	ErrEncoding  = errors.New("the database is not in UTF-8")
	ErrNoSchema  = errors.New("no schema to create tables in")
	ErrForbidden = errors.New("the database's user may not do this")
	ErrParameter = errors.New("the URL has a parameter that the server does not accept")

	ErrLocked = errors.New("a migration did not get a lock")

	ErrClaimed = errors.New("another process serves the sessions of this database")

	// ErrOtherName means that another process has the file open under another name: a hard
	// link, or a mount of the single file. Two names have two logs, which damage the file.
	ErrOtherName = errors.New("another process has the file open under another name")

	// ErrOtherFile means that another process still uses the log of this path for a file
	// that this one has replaced.
	ErrOtherFile = errors.New("another process still uses the log of this path for a file that this one has replaced")

	ErrBehind = NewError("the database lacks migrations")
	ErrAhead  = NewError("the database has migrations that this version does not know")
)

// Error is an error that fully explains why a call has done nothing. A call returns it even
// when the caller's context has ended meanwhile.
type Error struct{ text string }

// NewError returns an Error, for the packages that use this one.
func NewError(text string) error { return &Error{text} }

func (e *Error) Error() string { return e.text }

// unavailable tells internal/web, which does not import this package, to answer 503.
type unavailable struct{}

func (unavailable) Error() string     { return "database unavailable" }
func (unavailable) Unavailable() bool { return true }

// errNoAnswer is the cause of a context that ended by the time limit of a call.
var errNoAnswer = fmt.Errorf("%w: no answer in time", ErrUnavailable)

// translate adds the operation and the matching error of this package to err.
func translate(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	sentinel := sentinelOf(err)
	// A call whose context has ended can fail in many ways, for example with pq's
	// query_canceled. The context knows the reason.
	if ctx.Err() != nil && (sentinel == nil || errors.Is(sentinel, ErrUnavailable)) {
		if cause := context.Cause(ctx); errors.Is(cause, errNoAnswer) {
			return fmt.Errorf("%s: %w", what, cause)
		}
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	if sentinel == nil || errors.Is(err, sentinel) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w: %w", what, sentinel, err)
}

// sentinelOf returns the error of this package that err matches, or nil. It compares types
// and codes, never texts.
func sentinelOf(err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if errors.Is(err, ErrUnavailable) {
		return ErrUnavailable
	}
	if e, ok := errors.AsType[*pq.Error](err); ok {
		if noConnection(e) {
			return ErrNoConnection
		}
		return postgresSentinel(e.Code)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return sqliteSentinel(e.Code())
	}
	for _, lost := range []error{driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, lost) {
			return ErrUnavailable
		}
	}
	if untrusted(err) {
		return ErrUntrusted
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return ErrUnavailable
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return ErrUnavailable
	}
	return nil
}

// untrusted recognizes a certificate that crypto/tls has refused, or lib/pq for sslmode=verify-ca.
func untrusted(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	_, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok
}

// noConnection recognizes also the error of PgBouncer, which has no code of its own.
func noConnection(e *pq.Error) bool {
	return e.Code == pqerror.TooManyConnections || e.Code == pqerror.ProtocolViolation && strings.HasPrefix(e.Message, "no more connections allowed")
}

// beginError recognizes the error of a standby: it refuses BEGIN READ WRITE, which lib/pq
// sends.
func beginError(err error) error {
	if pq.As(err, pqerror.FeatureNotSupported) != nil {
		return fmt.Errorf("%w: this server is a standby, which cannot be written to: %w", ErrUnavailable, err)
	}
	return err
}

// NoAnswer reports whether a call ended because of a time limit, of ours or of the server,
// and not because of a lost connection.
func NoAnswer(err error) bool {
	return errors.Is(err, errNoAnswer) || pq.As(err, pqerror.QueryCanceled, pqerror.LockNotAvailable) != nil
}

// LockNotAvailable reports whether PostgreSQL gave up waiting for a lock.
func LockNotAvailable(err error) bool {
	return pq.As(err, pqerror.LockNotAvailable) != nil
}

// IsNull reports whether PostgreSQL refused NULL in this column.
func IsNull(err error, table, column string) bool {
	e := pq.As(err, pqerror.NotNullViolation)
	return e != nil && e.Table == table && e.Column == column
}

// IsTaken reports whether PostgreSQL refused a row of this table because there is one with the same
// key.
func IsTaken(err error, table string) bool {
	e := pq.As(err, pqerror.UniqueViolation)
	return e != nil && e.Table == table
}

func postgresSentinel(code pqerror.Code) error {
	switch code {
	case pqerror.UniqueViolation:
		return ErrConflict
	case pqerror.ForeignKeyViolation: // all foreign keys here refer to a user
		return ErrNoUser
	case pqerror.InsufficientPrivilege:
		return ErrForbidden
	case pqerror.CharacterNotInRepertoire, pqerror.UntranslatableCharacter:
		return ErrInvalidText
	case pqerror.AdminShutdown, pqerror.CrashShutdown, pqerror.CannotConnectNow, pqerror.IdleSessionTimeout,
		pqerror.QueryCanceled, // a statement_timeout; a cancelled context never gets here
		pqerror.LockNotAvailable,
		pqerror.DataCorrupted, pqerror.IndexCorrupted,
		pqerror.ReadOnlySQLTransaction: // a primary that has just become a standby
		return ErrUnavailable
	}
	switch code.Class() {
	case pqerror.ClassConnectionException, // also from PgBouncer while the server is down
		pqerror.ClassInsufficientResources, // disk full, out of memory
		pqerror.ClassTransactionRollback,   // after all restarts, see tx
		pqerror.ClassSystemError:
		return ErrUnavailable
	}
	return nil
}

func sqliteSentinel(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return ErrConflict
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrNoUser
	}
	switch code & 0xff { // the primary code of an extended one
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrUnavailable
	}
	return nil
}
