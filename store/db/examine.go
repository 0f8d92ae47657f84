package db

// ErrSilent means that notifications do not arrive although all connections work.
var ErrSilent = errSilent
