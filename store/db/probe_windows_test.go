package db_test

import "errors"

func probe(string) error { return errors.ErrUnsupported }
