-- +goose Up
-- What a user may have a great deal of no longer goes with the user's row in one
-- statement, which would stop all writers: it refers to no user any more, and is
-- deleted in batches afterwards. task_feed still goes with the user, and each write of
-- tasks adds to it: so there is no write for a user who is gone.
-- +goose StatementBegin
DO $$
DECLARE c record;
BEGIN
    FOR c IN SELECT conrelid::regclass AS of, conname FROM pg_constraint
        WHERE contype = 'f' AND conrelid IN ('tasks'::regclass, 'task_event'::regclass, 'idempotency'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.of, c.conname);
    END LOOP;
END $$;
-- +goose StatementEnd

-- deleted_user: whose rows are still to be deleted. By a trigger, so that no way of
-- deleting a user forgets it.
CREATE TABLE deleted_user (
    user_id text PRIMARY KEY
);

-- +goose StatementBegin
CREATE FUNCTION note_deleted_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- In the schema of the user's table: whoever deletes may have another search_path.
    EXECUTE format('INSERT INTO %I.deleted_user (user_id) VALUES ($1) ON CONFLICT DO NOTHING', TG_TABLE_SCHEMA) USING OLD.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER user_deleted AFTER DELETE ON "user" FOR EACH ROW EXECUTE FUNCTION note_deleted_user();

CREATE INDEX "mail_userId_idx" ON mail ("userId");

-- A user's sessions in the order in which they were last used.
DROP INDEX "session_userId_idx";
CREATE INDEX "session_userId_updatedAt_idx" ON session ("userId", "updatedAt", id);

-- tasks: how many tasks the user has. event_bytes: how much text all of the user's
-- events had, those that are gone too. kept_seq, kept_bytes: how many answers were
-- kept, and how much text they had, those that have expired too.
ALTER TABLE task_feed ADD COLUMN tasks bigint NOT NULL DEFAULT 0;
ALTER TABLE task_feed ADD COLUMN event_bytes bigint NOT NULL DEFAULT 0;
ALTER TABLE task_feed ADD COLUMN kept_seq bigint NOT NULL DEFAULT 0;
ALTER TABLE task_feed ADD COLUMN kept_bytes bigint NOT NULL DEFAULT 0;
INSERT INTO task_feed (user_id, seq, tasks) SELECT user_id, 0, count(*) FROM tasks GROUP BY user_id
ON CONFLICT (user_id) DO UPDATE SET tasks = excluded.tasks;

-- The user's numbers in task_feed after this row: the difference of two rows is what
-- there is between them. 0 in rows from before.
ALTER TABLE task_event ADD COLUMN bytes_to bigint NOT NULL DEFAULT 0;
ALTER TABLE idempotency ADD COLUMN seq bigint NOT NULL DEFAULT 0;
ALTER TABLE idempotency ADD COLUMN bytes_to bigint NOT NULL DEFAULT 0;
DROP INDEX idempotency_user_idx;
CREATE INDEX idempotency_user_seq_idx ON idempotency (user_id, seq);

-- +goose Down
DELETE FROM tasks WHERE user_id NOT IN (SELECT id FROM "user");
DELETE FROM task_event WHERE user_id NOT IN (SELECT id FROM "user");
DELETE FROM idempotency WHERE user_id NOT IN (SELECT id FROM "user");
DROP INDEX idempotency_user_seq_idx;
CREATE INDEX idempotency_user_idx ON idempotency (user_id);
ALTER TABLE idempotency DROP COLUMN bytes_to;
ALTER TABLE idempotency DROP COLUMN seq;
ALTER TABLE task_event DROP COLUMN bytes_to;
ALTER TABLE task_feed DROP COLUMN kept_bytes;
ALTER TABLE task_feed DROP COLUMN kept_seq;
ALTER TABLE task_feed DROP COLUMN event_bytes;
ALTER TABLE task_feed DROP COLUMN tasks;
DROP INDEX "session_userId_updatedAt_idx";
CREATE INDEX "session_userId_idx" ON session ("userId");
DROP INDEX "mail_userId_idx";
DROP TRIGGER user_deleted ON "user";
DROP FUNCTION note_deleted_user();
DROP TABLE deleted_user;
ALTER TABLE tasks ADD FOREIGN KEY (user_id) REFERENCES "user" (id) ON DELETE CASCADE;
ALTER TABLE task_event ADD FOREIGN KEY (user_id) REFERENCES "user" (id) ON DELETE CASCADE;
ALTER TABLE idempotency ADD FOREIGN KEY (user_id) REFERENCES "user" (id) ON DELETE CASCADE;
