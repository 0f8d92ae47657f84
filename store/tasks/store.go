// Package tasks keeps users' tasks, with what has happened to them and the answers that
// are kept for requests with a key. It stands on the engine in package db and knows of
// accounts only that a user is there, or is not.
package tasks

import (
	"vestibule/store/db"
)

// Store keeps tasks. All methods may be called from many goroutines.
type Store struct {
	*db.DB

	// often is for statements that are run all the time and never vary.
	often db.Querier

	// TasksPerUser is how many tasks a user may have, 0 for any number, and AnswersPerUser
	// how many answers are kept for a user at a time, 10 000 unless it is set. They must
	// not be changed once the store is in use.
	TasksPerUser, AnswersPerUser int

	pageWork, listWork work // bound what a search looks through
}

// New returns the tasks in a database.
func New(d *db.DB) *Store {
	return &Store{DB: d, often: d.Often(), pageWork: pageWork, listWork: listWork}
}
