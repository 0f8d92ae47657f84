-- compatible-with: 23
-- Gives the rows of earlier versions their position. And searches ignore accents now: what
-- may have some is folded anew by the program. It keeps its old folding until then: without
-- one, instances of an earlier version would fold it, in their way.
-- +goose NO TRANSACTION

-- +goose Up
-- +goose StatementBegin
DO $$
DECLARE
    last_user text := '';
    last_id bigint := 0;
    next record;
BEGIN
    LOOP
        SET LOCAL lock_timeout = '300ms';
        SELECT user_id, id INTO next FROM (
            SELECT user_id, id FROM tasks WHERE (user_id, id) > (last_user, last_id) ORDER BY user_id, id LIMIT 1000
        ) AS batch ORDER BY user_id DESC, id DESC LIMIT 1;
        EXIT WHEN NOT FOUND;
        UPDATE tasks SET
            position = COALESCE(position, lpad(to_hex(281474976710655 - round(extract(epoch FROM date_trunc('milliseconds', created_at)) * 1000)::bigint), 12, '0') || '8'),
            folded = CASE WHEN octet_length(title_fold || COALESCE(description_fold, '')) = length(title_fold || COALESCE(description_fold, '')) THEN version ELSE 0 END
        WHERE (user_id, id) > (last_user, last_id) AND (user_id, id) <= (next.user_id, next.id)
            AND (position IS NULL OR folded <> CASE WHEN octet_length(title_fold || COALESCE(description_fold, '')) = length(title_fold || COALESCE(description_fold, '')) THEN version ELSE 0 END);
        COMMIT;
        last_user := next.user_id;
        last_id := next.id;
    END LOOP;
END $$;
-- +goose StatementEnd

DROP INDEX CONCURRENTLY IF EXISTS tasks_completed_position_idx;
CREATE INDEX CONCURRENTLY tasks_completed_position_idx ON tasks (user_id, completed, position, id);
DROP INDEX CONCURRENTLY IF EXISTS tasks_completed_due_idx;
CREATE INDEX CONCURRENTLY tasks_completed_due_idx ON tasks (user_id, completed, due_key, id);
DROP INDEX CONCURRENTLY IF EXISTS tasks_unfolded_idx;
CREATE INDEX CONCURRENTLY tasks_unfolded_idx ON tasks (id) WHERE title_fold IS NULL OR folded <> version;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS tasks_unfolded_idx;
DROP INDEX CONCURRENTLY IF EXISTS tasks_completed_due_idx;
DROP INDEX CONCURRENTLY IF EXISTS tasks_completed_position_idx;
UPDATE tasks SET title_fold = NULL, folded = 0 WHERE octet_length(title) <> length(title) OR octet_length(description) <> length(description);
