-- compatible-with: 23
-- due_on: a date, like 2026-02-03. due_key: the same, and ~ for none, to order by.
-- position: hexadecimal digits without a 0 at the end, in the order of their bytes. The
-- program derives it from the time of the creation, and clients may choose others.
-- folded: the version whose texts were folded as this program does it, see store/tasks/fold.go.

-- +goose Up
ALTER TABLE tasks
    ADD COLUMN due_on text COLLATE "C",
    ADD COLUMN due_key text COLLATE "C" NOT NULL DEFAULT '~',
    ADD COLUMN position text COLLATE "C",
    ADD COLUMN folded bigint NOT NULL DEFAULT 0;

-- For instances of an earlier version: store/tasks/position.go does the same.
-- +goose StatementBegin
CREATE FUNCTION fill_task_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.position := lpad(to_hex(281474976710655 - round(extract(epoch FROM date_trunc('milliseconds', NEW.created_at)) * 1000)::bigint), 12, '0') || '8';
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER task_position_filled BEFORE INSERT ON tasks FOR EACH ROW WHEN (NEW.position IS NULL) EXECUTE FUNCTION fill_task_position();

-- +goose Down
DROP TRIGGER task_position_filled ON tasks;
DROP FUNCTION fill_task_position();
ALTER TABLE tasks DROP COLUMN folded, DROP COLUMN position, DROP COLUMN due_key, DROP COLUMN due_on;
