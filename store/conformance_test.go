package store_test

import (
	"testing"

	"vestibule/internal/storetest"
)

// TestConformance holds every kind of database to the same behaviour.
func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Conformance(t, userCases(), sessionCases(), keyCases(), accountCases(), linkCases(), mailCases(), adminCases(), clientCases(), aliveCases())
}
