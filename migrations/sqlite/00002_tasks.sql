-- +goose Up
-- AUTOINCREMENT: the id of a deleted task is never given to another.
-- Lengths count code points, as the API's limits do.
CREATE TABLE tasks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    title       TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 255),
    description TEXT CHECK (length(description) <= 10000),
    completed   INTEGER NOT NULL CHECK (completed IN (0, 1)),
    created_at  TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    updated_at  TEXT NOT NULL CHECK (updated_at GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX tasks_user_id_id_idx ON tasks (user_id, id);

-- +goose Down
DROP TABLE tasks;
