-- +goose Up
-- version: one more with each change, for ETag and If-Match.
-- title_fold, description_fold: the text without case and in one composition,
-- to search in; made by the program, since no engine folds every language.
-- title_fold is null in a row that another program has written, until ours fills
-- it in. title_key: the start of title_fold, to sort by.
ALTER TABLE tasks ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tasks ADD COLUMN title_key TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN title_fold TEXT;
ALTER TABLE tasks ADD COLUMN description_fold TEXT;

-- A page is read from an index in every order, whatever share of the tasks is
-- completed.
CREATE INDEX tasks_created_idx ON tasks (user_id, created_at, id);
CREATE INDEX tasks_updated_idx ON tasks (user_id, updated_at, id);
CREATE INDEX tasks_title_idx ON tasks (user_id, title_key, id);
CREATE INDEX tasks_completed_idx ON tasks (user_id, completed, id);
CREATE INDEX tasks_completed_created_idx ON tasks (user_id, completed, created_at, id);
CREATE INDEX tasks_completed_updated_idx ON tasks (user_id, completed, updated_at, id);
CREATE INDEX tasks_completed_title_idx ON tasks (user_id, completed, title_key, id);
CREATE INDEX tasks_unfilled_idx ON tasks (id) WHERE title_fold IS NULL;

-- +goose Down
DROP INDEX tasks_unfilled_idx;
DROP INDEX tasks_completed_title_idx;
DROP INDEX tasks_completed_updated_idx;
DROP INDEX tasks_completed_created_idx;
DROP INDEX tasks_completed_idx;
DROP INDEX tasks_title_idx;
DROP INDEX tasks_updated_idx;
DROP INDEX tasks_created_idx;
ALTER TABLE tasks DROP COLUMN description_fold;
ALTER TABLE tasks DROP COLUMN title_fold;
ALTER TABLE tasks DROP COLUMN title_key;
ALTER TABLE tasks DROP COLUMN version;
