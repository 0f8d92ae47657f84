-- +goose Up
-- The key stays the id, which AUTOINCREMENT needs, and an index on (user_id, id) is
-- there already. The two halves of an index behind completed do the work of each of
-- these.
DROP INDEX tasks_created_idx;
DROP INDEX tasks_updated_idx;
DROP INDEX tasks_title_idx;

-- +goose Down
CREATE INDEX tasks_title_idx ON tasks (user_id, title_key, id);
CREATE INDEX tasks_updated_idx ON tasks (user_id, updated_at, id);
CREATE INDEX tasks_created_idx ON tasks (user_id, created_at, id);
