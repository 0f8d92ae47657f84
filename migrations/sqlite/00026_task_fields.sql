-- compatible-with: 23
-- due_on: a date, like 2026-02-03. due_key: the same, and ~ for none, to order by.
-- position: hexadecimal digits without a 0 at the end, in the order of their bytes. The
-- program derives it from the time of the creation, and clients may choose others.
-- folded: the version whose texts were folded as this program does it, see store/tasks/fold.go.

-- +goose Up
ALTER TABLE tasks ADD COLUMN due_on TEXT;
ALTER TABLE tasks ADD COLUMN due_key TEXT NOT NULL DEFAULT '~';
ALTER TABLE tasks ADD COLUMN position TEXT;
ALTER TABLE tasks ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;

-- For instances of an earlier version: store/tasks/position.go does the same.
-- +goose StatementBegin
CREATE TRIGGER task_position_filled AFTER INSERT ON tasks WHEN NEW.position IS NULL BEGIN
    UPDATE tasks SET position = printf('%012x8', 281474976710655 - (strftime('%s', created_at) * 1000 + substr(created_at, 21, 3)))
    WHERE id = NEW.id;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER task_position_filled;
ALTER TABLE tasks DROP COLUMN folded;
ALTER TABLE tasks DROP COLUMN position;
ALTER TABLE tasks DROP COLUMN due_key;
ALTER TABLE tasks DROP COLUMN due_on;
