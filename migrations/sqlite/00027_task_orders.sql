-- compatible-with: 23
-- Gives the rows of earlier versions their position. And searches ignore accents now: what
-- may have some is folded anew by the program. It keeps its old folding until then: without
-- one, instances of an earlier version would fold it, in their way.

-- +goose Up
UPDATE tasks SET
    position = COALESCE(position, printf('%012x8', 281474976710655 - (strftime('%s', created_at) * 1000 + substr(created_at, 21, 3)))),
    folded = CASE WHEN octet_length(title_fold) = length(title_fold) AND octet_length(COALESCE(description_fold, '')) = length(COALESCE(description_fold, '')) THEN version ELSE 0 END;

CREATE INDEX tasks_completed_position_idx ON tasks (user_id, completed, position, id);
CREATE INDEX tasks_completed_due_idx ON tasks (user_id, completed, due_key, id);
CREATE INDEX tasks_unfolded_idx ON tasks (id) WHERE title_fold IS NULL OR folded <> version;

-- +goose Down
DROP INDEX tasks_unfolded_idx;
DROP INDEX tasks_completed_due_idx;
DROP INDEX tasks_completed_position_idx;
UPDATE tasks SET title_fold = NULL, folded = 0 WHERE octet_length(title) <> length(title) OR octet_length(description) <> length(description);
