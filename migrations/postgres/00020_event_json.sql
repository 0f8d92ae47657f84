-- +goose Up
-- task: the whole task as JSON, so that a new member of a task needs no new column here.
-- The columns with single members stay until a later version, because instances of an
-- earlier version still write and read them. This version leaves them NULL.
ALTER TABLE task_event
    ADD COLUMN task text,
    ALTER COLUMN task_id DROP NOT NULL,
    ALTER COLUMN title DROP NOT NULL,
    ALTER COLUMN completed DROP NOT NULL,
    ALTER COLUMN created_at DROP NOT NULL,
    ALTER COLUMN updated_at DROP NOT NULL,
    ALTER COLUMN version DROP NOT NULL;

-- The trigger writes the JSON for rows of earlier versions.
-- +goose StatementBegin
CREATE FUNCTION fill_task_event() RETURNS trigger LANGUAGE plpgsql SET TimeZone = 'UTC' AS $$
BEGIN
    NEW.task := json_build_object('id', NEW.task_id, 'user_id', NEW.user_id, 'title', NEW.title, 'description', NEW.description,
        'completed', NEW.completed, 'created_at', NEW.created_at, 'updated_at', NEW.updated_at, 'version', NEW.version);
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER task_event_filled BEFORE INSERT OR UPDATE ON task_event FOR EACH ROW WHEN (NEW.task IS NULL) EXECUTE FUNCTION fill_task_event();

UPDATE task_event SET task = NULL;

-- +goose Down
UPDATE task_event SET task_id = (task::json ->> 'id')::bigint, title = task::json ->> 'title', description = task::json ->> 'description',
    completed = (task::json ->> 'completed')::boolean, created_at = (task::json ->> 'created_at')::timestamptz,
    updated_at = (task::json ->> 'updated_at')::timestamptz, version = (task::json ->> 'version')::bigint
WHERE task_id IS NULL;
DROP TRIGGER task_event_filled ON task_event;
DROP FUNCTION fill_task_event();
ALTER TABLE task_event
    ALTER COLUMN task_id SET NOT NULL,
    ALTER COLUMN title SET NOT NULL,
    ALTER COLUMN completed SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL,
    ALTER COLUMN version SET NOT NULL,
    DROP COLUMN task;
