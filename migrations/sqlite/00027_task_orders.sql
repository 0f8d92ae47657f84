-- compatible-with: 23
-- Gives the rows of earlier versions their position. And searches ignore accents now: what
-- was folded with them is folded anew by the program.

-- +goose Up
UPDATE tasks SET
    position = COALESCE(position, printf('%012x8', 281474976710655 - (strftime('%s', created_at) * 1000 + substr(created_at, 21, 3)))),
    title_fold = CASE WHEN octet_length(title_fold) = length(title_fold) AND octet_length(COALESCE(description_fold, '')) = length(COALESCE(description_fold, '')) THEN title_fold END;

CREATE INDEX tasks_completed_position_idx ON tasks (user_id, completed, position, id);
CREATE INDEX tasks_completed_due_idx ON tasks (user_id, completed, due_key, id);

-- +goose Down
DROP INDEX tasks_completed_due_idx;
DROP INDEX tasks_completed_position_idx;
UPDATE tasks SET title_fold = NULL WHERE octet_length(title) <> length(title) OR octet_length(description) <> length(description);
