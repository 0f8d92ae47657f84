package db

// Shares are the connections of one process, by the work that they are for. What a room or
// a queue in front of the database lets through at a time is derived from them.
//
// On PostgreSQL each kind of work has a pool of its own. So a flood of guesses takes no
// connection that a proxied request needs, and writes that wait for each other take none
// from readers. On SQLite there is one pool of readers and one writer; there the numbers
// are how many calls of the kind are useful at a time.
type Shares struct {
	Read     int // reads of sessions in use, and of tasks
	Write    int // writes of tasks, and of sessions in use
	Accounts int // sign-in, and all else about accounts
	Count    int // the counters of the rate limits
	Listen   int // hears notifications
	Announce int // sends notifications
}

// Connections of a process to PostgreSQL. With the default, five processes have 90. Of the
// 100 that PostgreSQL allows unless it is told otherwise, 3 are reserved for superusers, so
// 7 are left for commands and migrations.
const (
	DefaultConnections = 18
	MinConnections     = 8 // one for each kind of work, and a second one to read and to write
	MaxConnections     = 1000
)

// SharesOf divides a number of connections of at least MinConnections.
func SharesOf(connections int) Shares {
	s := Shares{Listen: 1, Announce: 1}
	rest := connections - s.Listen - s.Announce
	s.Count = max(1, rest/8)
	s.Accounts = max(1, rest/4)
	s.Write = max(2, rest/4)
	s.Read = rest - s.Count - s.Accounts - s.Write
	return s
}

// sqliteShares bound the calls that wait for the few readers and the one writer. More
// writers would only wait in the one queue of all writers, and delay everybody there.
var sqliteShares = Shares{Read: sqliteReaders, Write: 4, Accounts: sqliteReaders, Count: 2}

// Shares returns the connections of this process.
func (s *DB) Shares() Shares { return s.shares }
