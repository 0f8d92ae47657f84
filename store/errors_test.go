package store_test

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/lib/pq"

	"vestibule/store"
)

func TestErrorsAreToldByTypeAndCode(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"unique violation", &pq.Error{Code: "23505"}, store.ErrConflict},
		{"foreign key violation", &pq.Error{Code: "23503"}, store.ErrNoUser},
		{"check violation", &pq.Error{Code: "23514"}, nil},
		{"NUL in text", &pq.Error{Code: "22021"}, store.ErrInvalidText},
		{"connection failure", &pq.Error{Code: "08006"}, store.ErrUnavailable},
		{"PgBouncer without server", &pq.Error{Code: "08P01"}, store.ErrUnavailable},
		{"shut down", &pq.Error{Code: "57P01"}, store.ErrUnavailable},
		{"crash of another backend", &pq.Error{Code: "57P02"}, store.ErrUnavailable},
		{"starting up", &pq.Error{Code: "57P03"}, store.ErrUnavailable},
		{"too many connections", &pq.Error{Code: "53300"}, store.ErrUnavailable},
		{"disk full", &pq.Error{Code: "53100"}, store.ErrUnavailable},
		{"statement timeout", &pq.Error{Code: "57014"}, store.ErrUnavailable},
		{"lock timeout", &pq.Error{Code: "55P03"}, store.ErrUnavailable},
		{"could not serialize", &pq.Error{Code: "40001"}, store.ErrUnavailable},
		{"deadlock", &pq.Error{Code: "40P01"}, store.ErrUnavailable},
		{"a standby after a failover", &pq.Error{Code: "25006"}, store.ErrUnavailable},
		{"I/O error", &pq.Error{Code: "58030"}, store.ErrUnavailable},
		{"a schema that is somebody else's", &pq.Error{Code: "42501"}, store.ErrForbidden},
		{"wrong password", &pq.Error{Code: "28P01"}, nil},
		{"no such database", &pq.Error{Code: "3D000"}, nil},
		{"no such table", &pq.Error{Code: "42P01"}, nil},
		{"bad connection", driver.ErrBadConn, store.ErrUnavailable},
		{"end of file", io.EOF, store.ErrUnavailable},
		{"end in the middle", io.ErrUnexpectedEOF, store.ErrUnavailable},
		{"closed socket", net.ErrClosed, store.ErrUnavailable},
		{"refused", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, store.ErrUnavailable},
		{"no such host", &net.DNSError{Name: "db", IsNotFound: true}, store.ErrUnavailable},
		{"a certificate that is not there", &os.PathError{Op: "open", Path: "root.crt", Err: syscall.ENOENT}, nil},
		{"a text like an outage", errors.New("driver: bad connection"), nil},
		{"our own", store.ErrNotFound, store.ErrNotFound},
	} {
		for depth, err := range []error{c.err, fmt.Errorf("once: %w", c.err), errors.Join(errors.New("x"), c.err)} {
			if got := store.SentinelOf(err); got != c.want {
				t.Errorf("%s, wrapped in way %d: got %v, want %v", c.name, depth, got, c.want)
			}
		}
	}
}
