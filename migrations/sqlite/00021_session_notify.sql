-- The BFF keeps sessions in memory. This counter changes when a session has ended or a request
-- may see another state of its user, whoever does it: a program, or a person with sqlite3.
--
-- A session that only became longer or got a new cookie does not change it, and neither does a
-- change of tasks.

-- +goose Up
CREATE TABLE session_changes (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    n  INTEGER NOT NULL
) STRICT;
INSERT INTO session_changes (id, n) VALUES (1, 0);
-- +goose StatementBegin
CREATE TRIGGER session_ended AFTER DELETE ON session BEGIN
    UPDATE session_changes SET n = n + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER session_changed AFTER UPDATE ON session
WHEN OLD.token <> NEW.token OR NEW."expiresAt" < OLD."expiresAt"
    OR (OLD.id, OLD."userId", OLD."rememberMe", OLD."createdAt", OLD."provenAt")
        IS NOT (NEW.id, NEW."userId", NEW."rememberMe", NEW."createdAt", NEW."provenAt")
BEGIN
    UPDATE session_changes SET n = n + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER session_user_changed AFTER UPDATE ON "user" BEGIN
    UPDATE session_changes SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER session_user_changed;
DROP TRIGGER session_changed;
DROP TRIGGER session_ended;
DROP TABLE session_changes;
