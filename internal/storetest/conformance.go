package storetest

import (
	"maps"
	"testing"
)

// Conformance runs the cases on every kind of database. The cases of one kind share a
// database, and each creates its own users.
func Conformance(t *testing.T, groups ...Cases) {
	t.Helper()
	ConformanceWithMuchData(t, nil, groups...)
}

// Cases are cases of Conformance by their names.
type Cases = map[string]func(*testing.T, *Database)

// ConformanceWithMuchData is Conformance, and then runs the cases in much on one database of
// each engine. Behind PgBouncer a case shows that its statements work there, for which little
// data is enough. So each statement of a case in much must also run in one of the groups.
func ConformanceWithMuchData(t *testing.T, much Cases, groups ...Cases) {
	t.Helper()
	cases := Cases{}
	for _, group := range groups {
		maps.Copy(cases, group)
	}
	for i, v := range Variants() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			d := Migrated(t, v)
			for name, run := range cases {
				t.Run(name, func(t *testing.T) { run(t, d) })
			}
			if i >= engines {
				return
			}
			for name, run := range much {
				t.Run(name, func(t *testing.T) { run(t, d) })
			}
		})
	}
}
