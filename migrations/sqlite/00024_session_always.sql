-- compatible-with: 23
-- A user who is deleted without foreign keys takes no sessions along. The sqlite3 shell has
-- them switched off. No request finds a session without its user, so this must be counted.

-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER session_user_deleted AFTER DELETE ON "user" BEGIN
    UPDATE session_changes SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER session_user_deleted;
