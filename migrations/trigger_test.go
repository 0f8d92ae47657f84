package migrations_test

import (
	"io/fs"
	"strings"
	"testing"

	"vestibule/migrations"
)

func TestCreateTriggerReturnsTheWholeStatement(t *testing.T) {
	for _, tt := range []struct {
		engine fs.FS
		name   string
		want   string
	}{
		{migrations.Postgres(), "session_ended", `CREATE TRIGGER session_ended AFTER DELETE ON session FOR EACH ROW WHEN (OLD."expiresAt" > now()) EXECUTE FUNCTION session_ended();`},
		{migrations.SQLite(), "session_ended", `CREATE TRIGGER session_ended AFTER DELETE ON session BEGIN UPDATE session_changes SET n = n + 1; END;`},
		{migrations.SQLite(), "user_deleted", `CREATE TRIGGER user_deleted AFTER DELETE ON "user" BEGIN INSERT INTO deleted_user (user_id) VALUES (OLD.id) ON CONFLICT DO NOTHING; END;`},
		{migrations.Postgres(), "session", ""},
	} {
		if got, err := migrations.CreateTrigger(tt.engine, tt.name); err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v; want %s", tt.name, got, err, tt.want)
		}
	}
	if got, err := migrations.CreateTrigger(migrations.Postgres(), "session_changed"); err != nil || !strings.HasSuffix(got, `EXECUTE FUNCTION session_changed();`) {
		t.Errorf("got %s, %v", got, err)
	}
}
