-- +goose Up
-- task: the whole task as JSON, so that a new member of a task needs no new column here.
-- The columns with single members stay until a later version, because instances of an
-- earlier version still write and read them. This version leaves them NULL.
-- SQLite cannot drop NOT NULL. Its documentation shows this way, for changes that leave
-- the rows as they are.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(replace(replace(replace(replace(sql,
    'task_id     INTEGER NOT NULL', 'task_id     INTEGER /* or NULL */'),
    'title       TEXT NOT NULL', 'title       TEXT /* or NULL */'),
    'completed   INTEGER NOT NULL', 'completed   INTEGER /* or NULL */'),
    'created_at  TEXT NOT NULL', 'created_at  TEXT /* or NULL */'),
    'updated_at  TEXT NOT NULL', 'updated_at  TEXT /* or NULL */'),
    'version     INTEGER NOT NULL', 'version     INTEGER /* or NULL */')
WHERE type = 'table' AND name = 'task_event';
PRAGMA writable_schema = RESET;

ALTER TABLE task_event ADD COLUMN task TEXT;

UPDATE task_event SET task = json_object('id', task_id, 'user_id', user_id, 'title', title, 'description', description,
    'completed', json(iif(completed, 'true', 'false')), 'created_at', created_at, 'updated_at', updated_at, 'version', version);

-- The trigger writes the JSON for rows of earlier versions.
-- +goose StatementBegin
CREATE TRIGGER task_event_filled AFTER INSERT ON task_event WHEN NEW.task IS NULL BEGIN
    UPDATE task_event SET task = json_object('id', task_id, 'user_id', user_id, 'title', title, 'description', description,
        'completed', json(iif(completed, 'true', 'false')), 'created_at', created_at, 'updated_at', updated_at, 'version', version)
    WHERE user_id = NEW.user_id AND seq = NEW.seq;
END;
-- +goose StatementEnd

-- +goose Down
UPDATE task_event SET task_id = json_extract(task, '$.id'), title = json_extract(task, '$.title'), description = json_extract(task, '$.description'),
    completed = json_extract(task, '$.completed'), created_at = strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(task, '$.created_at')),
    updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(task, '$.updated_at')), version = json_extract(task, '$.version')
WHERE task_id IS NULL;
DROP TRIGGER task_event_filled;
ALTER TABLE task_event DROP COLUMN task;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '/* or NULL */', 'NOT NULL') WHERE type = 'table' AND name = 'task_event';
PRAGMA writable_schema = RESET;
