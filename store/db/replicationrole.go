package db

import "context"

// replicationRoleSQL finds the defaults that switch off triggers which are not ENABLE ALWAYS,
// for whatever role: a row that it deletes is told to nobody.
const replicationRoleSQL = `SELECT 'ALTER ' || CASE
			WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ROLE ALL'
			WHEN s.setrole = 0 THEN 'DATABASE ' || quote_ident(current_database())
			WHEN s.setdatabase = 0 THEN 'ROLE ' || s.setrole::regrole
			ELSE 'ROLE ' || s.setrole::regrole || ' IN DATABASE ' || quote_ident(current_database())
		END || ' RESET session_replication_role'
	FROM pg_catalog.pg_db_role_setting s
	WHERE (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
	AND 'session_replication_role=replica' = ANY (s.setconfig)
	AND EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid IN (to_regclass('session'), to_regclass('"user"'))
		AND NOT tgisinternal AND tgname LIKE 'session\_%' AND tgenabled = 'O')
	ORDER BY 1`

// ReplicationRoleCures returns the statements that end defaults of roles or of the database
// under which the triggers on sessions do not fire. On SQLite there are none.
func (s *DB) ReplicationRoleCures(ctx context.Context) (cures []string, err error) {
	if !s.engine.shared {
		return nil, nil
	}
	err = s.Call(ctx, "defaults of roles", func(ctx context.Context) error {
		cures = nil
		var cure string
		return s.Read().Each(ctx, []any{&cure}, func() { cures = append(cures, cure) }, replicationRoleSQL)
	})
	return cures, err
}
