package db

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"vestibule/migrations"
)

// TriggerFault means that ends and changes of sessions are not told, because somebody has
// dropped triggers or switched them off.
type TriggerFault struct{ Missing, Off []string }

func (f *TriggerFault) Error() string {
	var parts []string
	if len(f.Missing) > 0 {
		parts = append(parts, "the database lacks the triggers "+strings.Join(f.Missing, ", "))
	}
	if len(f.Off) > 0 {
		parts = append(parts, "the triggers "+strings.Join(f.Off, ", ")+" are disabled")
	}
	return strings.Join(parts, ", and ")
}

// TriggerCure returns the statements that bring the triggers back.
func (s *DB) TriggerCure(missing, off []string) string {
	var statements []string
	for _, name := range missing {
		create, err := migrations.CreateTrigger(s.engine.migrations, name)
		if err != nil || create == "" { // our own files, and our own names
			panic(fmt.Sprintf("trigger %s: %v", name, err))
		}
		statements = append(statements, create)
	}
	for _, name := range off {
		table := "session"
		if name == "session_user_changed" {
			table = `"user"`
		}
		statements = append(statements, fmt.Sprintf(`ALTER TABLE %s ENABLE TRIGGER %s;`, table, name))
	}
	return strings.Join(statements, " ")
}

// CheckTriggers returns a *TriggerFault if ends and changes of sessions are not told. Until
// it has found all triggers again, Version returns that error. Then the version is another
// one, because something may have been missed.
func (s *DB) CheckTriggers(ctx context.Context) error {
	missing, off, err := s.SessionTriggers(ctx)
	if err != nil {
		return err
	}
	if len(missing)+len(off) > 0 {
		fault := &TriggerFault{missing, off}
		s.triggers.fault.Store(fault)
		return fault
	}
	if s.triggers.fault.Load() != nil {
		s.triggers.faults.Add(1) // first: a version from between must not be valid
		s.triggers.fault.Store(nil)
	}
	return nil
}

// triggers is what CheckTriggers has found.
type triggers struct {
	fault  atomic.Pointer[TriggerFault] // nil: none
	faults atomic.Int64                 // how many have ended
}
