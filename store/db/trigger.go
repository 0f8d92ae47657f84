package db

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"vestibule/migrations"
)

// sessionTriggers are the triggers that tell instances about sessions.
var sessionTriggers = []string{"session_ended", "session_changed", "session_user_changed", "session_user_deleted"}

// sharedTriggers are those that only PostgreSQL has.
var sharedTriggers = []string{"session_renamed", "session_all_ended"}

// trigger is one that is wanted or found.
type trigger struct {
	name       string
	definition string // the statement that creates it
	always     bool   // whether it fires in every session of the database

	// Only on PostgreSQL:
	table, function, source string
	byOwner                 bool // whether the function has the rights of its owner, and a fixed search path
}

// usersFunction looks up sessions for those who change users, with the rights of its owner.
const usersFunction = "session_user_changed"

func (s *DB) wantedNames() []string {
	if s.engine.shared {
		return slices.Concat(sessionTriggers, sharedTriggers)
	}
	return sessionTriggers
}

// wantedTriggers returns the triggers as the migrations create them.
func (s *DB) wantedTriggers() (wanted []trigger, err error) {
	for _, name := range s.wantedNames() {
		t := trigger{name: name, always: true}
		if t.definition, err = migrations.CreateTrigger(s.engine.migrations, name); err != nil {
			return nil, err
		}
		if s.engine.shared {
			_, call, _ := strings.Cut(t.definition, " EXECUTE FUNCTION ")
			t.function = strings.TrimSuffix(call, "();")
			t.table, t.byOwner = triggerTable(t.definition), t.function == usersFunction
			create, err := migrations.CreateFunction(s.engine.migrations, t.function)
			if err != nil {
				return nil, err
			}
			if parts := strings.Split(create, "$$"); len(parts) == 3 {
				t.source = parts[1]
			}
		}
		wanted = append(wanted, t)
	}
	return wanted, nil
}

// compare notes what is wrong with a trigger.
func (f *TriggerFault) compare(is, want trigger) {
	if !sameDefinition(is, want) {
		f.Changed = append(f.Changed, is.name)
	} else if (oneLine(is.source) != oneLine(want.source) || want.byOwner && !is.byOwner) && !slices.Contains(f.Rewrote, is.function) {
		f.Rewrote = append(f.Rewrote, is.function)
	}
	if !is.always {
		f.Off = append(f.Off, is.name)
	}
}

// oldOrNew finds the values that a condition uses.
var oldOrNew = regexp.MustCompile(`(?i)\b(?:old|new)\.(?:\w+|"\w+"|\*)`)

// sameDefinition compares definitions. SQLite keeps the text. PostgreSQL writes it anew, and
// not each version in the same way. So there the condition only has to use the same values:
// that finds WHEN (false) and the conditions of earlier versions, but nobody who wants to
// hide something.
func sameDefinition(is, want trigger) bool {
	if want.function == "" {
		return oneLine(is.definition)+";" == want.definition
	}
	isHead, isWhen, _ := strings.Cut(is.definition, " WHEN ")
	wantHead, wantWhen, _ := strings.Cut(want.definition, " WHEN ")
	return is.table == want.table && heads(isHead) == heads(wantHead) && is.function == want.function && slices.Equal(values(isWhen), values(wantWhen))
}

// triggerTable returns the table of a trigger that a migration creates.
func triggerTable(create string) string {
	_, table, _ := strings.Cut(create, " ON ")
	table, _, _ = strings.Cut(table, " ")
	return table
}

// heads returns when a trigger fires, without the names of its table and function.
func heads(definition string) string {
	event, rest, _ := strings.Cut(definition, " ON ")
	_, each, _ := strings.Cut(rest, " FOR EACH ")
	each, _, _ = strings.Cut(each, " ")
	return event + " " + each
}

// values returns the values that a condition uses, sorted, each once.
func values(condition string) []string {
	found := oldOrNew.FindAllString(condition, -1)
	for i, v := range found {
		before, name, _ := strings.Cut(v, ".")
		found[i] = strings.ToLower(before) + "." + strings.Trim(name, `"`)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// oneLine returns the text as migrations.CreateTrigger does.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// TriggerCure returns the statements after which the fault is over.
func (s *DB) TriggerCure(f *TriggerFault) string {
	var statements []string
	for _, name := range s.functionsToCreate(f) {
		create, err := migrations.CreateFunction(s.engine.migrations, name)
		mustBeOurs(name, create, err)
		create = strings.Replace(create, "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
		if name == usersFunction {
			create = "BEGIN; " + create + " " + ownerReadsSessions + " COMMIT;"
		}
		statements = append(statements, create)
	}
	for _, name := range s.wantedNames() {
		create, err := migrations.CreateTrigger(s.engine.migrations, name)
		mustBeOurs(name, create, err)
		table := triggerTable(create)
		missing, changed, off := slices.Contains(f.Missing, name), slices.Contains(f.Changed, name), slices.Contains(f.Off, name)
		if changed && s.engine.shared {
			statements = append(statements, "DROP TRIGGER IF EXISTS "+name+" ON session;", `DROP TRIGGER IF EXISTS `+name+` ON "user";`)
		} else if changed {
			statements = append(statements, "DROP TRIGGER "+name+";")
		}
		if changed || missing {
			statements = append(statements, create)
		}
		if s.engine.shared && (changed || missing || off) {
			statements = append(statements, "ALTER TABLE "+table+" ENABLE ALWAYS TRIGGER "+name+";")
		}
	}
	return strings.Join(statements, " ")
}

// functionsToCreate returns the functions that differ, and those of triggers that must be created:
// DROP FUNCTION … CASCADE takes the triggers along.
func (s *DB) functionsToCreate(f *TriggerFault) []string {
	names := slices.Clone(f.Rewrote)
	wanted, err := s.wantedTriggers()
	for _, t := range wanted {
		mustBeOurs(t.name, t.definition, err)
		if t.function != "" && (slices.Contains(f.Missing, t.name) || slices.Contains(f.Changed, t.name)) && !slices.Contains(names, t.function) {
			names = append(names, t.function)
		}
	}
	return names
}

// ownerReadsSessions gives session_user_changed the rights of its owner; see the migration
// 00024_session_always.sql.
const ownerReadsSessions = `SELECT set_config('search_path', 'pg_catalog, ' || quote_ident(n.nspname) || ', pg_temp', true) ` +
	`FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'session'::regclass; ` +
	`ALTER FUNCTION session_user_changed() SECURITY DEFINER SET search_path FROM CURRENT; REVOKE ALL ON FUNCTION session_user_changed() FROM PUBLIC;`

// mustBeOurs panics if a statement is not in our own files.
func mustBeOurs(name, statement string, err error) {
	if err != nil || statement == "" {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
}
