package tasks_test

import (
	"testing"

	"vestibule/internal/storetest"
)

// TestConformance runs the same cases on every kind of database.
func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Conformance(t, taskCases(), listCases(), taskQueryCases(), pieceCases(), taskEventCases(), onceCases())
}
