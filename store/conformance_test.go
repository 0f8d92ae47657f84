package store_test

import (
	"testing"

	"vestibule/internal/storetest"
)

// TestConformance runs the same cases on every kind of database.
func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Conformance(t, userCases(), sessionCases(), keyCases(), keyChangeCases(), accountCases(), linkCases(), mailCases(), adminCases(), clientCases(), revokedCases(), aliveCases())
}
