package tasks_test

import (
	"testing"

	"vestibule/internal/storetest"
)

// TestConformance runs the same cases on every kind of database, but those with much data once
// on each engine.
func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.ConformanceWithMuchData(t, muchDataCases(), taskCases(), listCases(), taskQueryCases(), pieceCases(), taskEventCases(), onceCases())
}

// muchDataCases have a version with little data in the other groups where they run statements
// of their own.
func muchDataCases() storetest.Cases {
	return storetest.Cases{
		"5 000 tasks are listed":                             longListCase,
		"pages of every size are whole in every order":       func(t *testing.T, d *database) { pagesOf(t, d, 1, 2, 3, 7, 8, 9) },
		"pages are stable while tasks come and go":           stablePageCase,
		"no statement fetches more than a mebibyte of tasks": largeTasksCase,
		"a search goes on from piece to piece":               func(t *testing.T, d *database) { searchPieces(t, d, 700, 4, 200) },
		"a page of a search ends when it has seen enough":    shortPageCase,
		"a search without a limit has one all the same":      longSearchCase,
	}
}
