-- +goose Up
-- The key begins with the user. With id alone as the key, the planner could read
-- everybody's tasks in the order of their ids to find those of one. The ids still come
-- from one sequence, so none is given twice.
--
-- The index is built first, while others read on; writers wait for it.
CREATE UNIQUE INDEX tasks_key ON tasks (user_id, id);
ALTER TABLE tasks DROP CONSTRAINT tasks_pkey;
ALTER TABLE tasks ADD CONSTRAINT tasks_pkey PRIMARY KEY USING INDEX tasks_key;

-- The key does this one's work, and the two halves of an index behind completed do
-- that of each of the others.
DROP INDEX tasks_user_id_id_idx;
DROP INDEX tasks_created_idx;
DROP INDEX tasks_updated_idx;
DROP INDEX tasks_title_idx;

-- +goose Down
CREATE INDEX tasks_title_idx ON tasks (user_id, title_key, id);
CREATE INDEX tasks_updated_idx ON tasks (user_id, updated_at, id);
CREATE INDEX tasks_created_idx ON tasks (user_id, created_at, id);
CREATE INDEX tasks_user_id_id_idx ON tasks (user_id, id);
ALTER TABLE tasks DROP CONSTRAINT tasks_pkey;
ALTER TABLE tasks ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);
