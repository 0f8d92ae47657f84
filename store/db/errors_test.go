package db_test

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/lib/pq"

	"vestibule/store/db"
)

func TestErrorsAreToldByTypeAndCode(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"unique violation", &pq.Error{Code: "23505"}, db.ErrConflict},
		{"foreign key violation", &pq.Error{Code: "23503"}, db.ErrNoUser},
		{"check violation", &pq.Error{Code: "23514"}, nil},
		{"NUL in text", &pq.Error{Code: "22021"}, db.ErrInvalidText},
		{"connection failure", &pq.Error{Code: "08006"}, db.ErrUnavailable},
		{"PgBouncer without server", &pq.Error{Code: "08P01"}, db.ErrUnavailable},
		{"shut down", &pq.Error{Code: "57P01"}, db.ErrUnavailable},
		{"crash of another backend", &pq.Error{Code: "57P02"}, db.ErrUnavailable},
		{"starting up", &pq.Error{Code: "57P03"}, db.ErrUnavailable},
		{"too many connections", &pq.Error{Code: "53300"}, db.ErrNoConnection},
		{"disk full", &pq.Error{Code: "53100"}, db.ErrUnavailable},
		{"statement timeout", &pq.Error{Code: "57014"}, db.ErrUnavailable},
		{"lock timeout", &pq.Error{Code: "55P03"}, db.ErrUnavailable},
		{"could not serialize", &pq.Error{Code: "40001"}, db.ErrUnavailable},
		{"deadlock", &pq.Error{Code: "40P01"}, db.ErrUnavailable},
		{"a standby after a failover", &pq.Error{Code: "25006"}, db.ErrUnavailable},
		{"I/O error", &pq.Error{Code: "58030"}, db.ErrUnavailable},
		{"a schema that is somebody else's", &pq.Error{Code: "42501"}, db.ErrForbidden},
		{"wrong password", &pq.Error{Code: "28P01"}, nil},
		{"no such database", &pq.Error{Code: "3D000"}, nil},
		{"no such table", &pq.Error{Code: "42P01"}, nil},
		{"bad connection", driver.ErrBadConn, db.ErrUnavailable},
		{"end of file", io.EOF, db.ErrUnavailable},
		{"end in the middle", io.ErrUnexpectedEOF, db.ErrUnavailable},
		{"closed socket", net.ErrClosed, db.ErrUnavailable},
		{"refused", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, db.ErrUnavailable},
		{"no such host", &net.DNSError{Name: "db", IsNotFound: true}, db.ErrUnavailable},
		{"a certificate of another authority", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, db.ErrUntrusted},
		{"the same, with verify-ca", x509.UnknownAuthorityError{}, db.ErrUntrusted},
		{"a certificate that has expired, with verify-ca", x509.CertificateInvalidError{Reason: x509.Expired}, db.ErrUntrusted},
		{"a certificate that is not there", &os.PathError{Op: "open", Path: "root.crt", Err: syscall.ENOENT}, nil},
		{"a text like an outage", errors.New("driver: bad connection"), nil},
		{"our own", db.ErrNotFound, db.ErrNotFound},
	} {
		for depth, err := range []error{c.err, fmt.Errorf("once: %w", c.err), errors.Join(errors.New("x"), c.err)} {
			if got := db.SentinelOf(err); got != c.want {
				t.Errorf("%s, wrapped in way %d: got %v, want %v", c.name, depth, got, c.want)
			}
		}
	}
}
