package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// checkServer checks that the server answers and that the database can store our data,
// before anything is changed.
func (s *DB) checkServer(ctx context.Context) error {
	var encoding, schema string
	err := s.Call(ctx, "ping", func(ctx context.Context) error {
		return s.Read().One(ctx, []any{&encoding, &schema}, `SELECT current_setting('server_encoding'), coalesce(current_schema(), '')`)
	})
	switch {
	case err != nil:
		return refusedParameter(err)
	case !strings.EqualFold(encoding, "UTF8"):
		// Other encodings cannot store every character; SQL_ASCII counts bytes instead.
		return fmt.Errorf("%w: its server_encoding is %s", ErrEncoding, encoding)
	case schema == "":
		return fmt.Errorf("%w: none that search_path names exists", ErrNoSchema)
	}
	return nil
}

// refusedParameter marks a connection error that a parameter of the URL has caused. For
// PgBouncer it must look at the text, because there is no code.
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
