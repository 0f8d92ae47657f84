package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// checkServer makes sure that the server answers and that this database can hold
// our data, before anything is changed in it.
func (s *DB) checkServer(ctx context.Context) error {
	var encoding, schema string
	err := s.Call(ctx, "ping", func(ctx context.Context) error {
		return s.Read().One(ctx, []any{&encoding, &schema}, `SELECT current_setting('server_encoding'), coalesce(current_schema(), '')`)
	})
	switch {
	case err != nil:
		return refusedParameter(err)
	case !strings.EqualFold(encoding, "UTF8"):
		// In another one some letters cannot be stored; SQL_ASCII counts bytes for them.
		return fmt.Errorf("%w: its server_encoding is %s", ErrEncoding, encoding)
	case schema == "":
		return fmt.Errorf("%w: none that search_path names exists", ErrNoSchema)
	}
	return nil
}

// refusedParameter adds to a connection's error that it was the URL's fault. Of what
// PgBouncer refuses, only the text tells.
func refusedParameter(err error) error {
	e, ok := errors.AsType[*pq.Error](err)
	switch {
	case !ok:
		return err
	case e.Code == pqerror.UndefinedObject && e.Fatal(),
		e.Code == pqerror.ProtocolViolation && strings.HasPrefix(e.Message, "unsupported startup parameter"):
		return fmt.Errorf("%w: %s", ErrParameter, e.Message)
	}
	return err
}
