-- +goose Up
-- task_feed: how many changes a user's tasks have seen. Its row is locked until
-- the change is committed, so that the numbers of a user's events have no gaps
-- and become visible in their order.
CREATE TABLE task_feed (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES "user" (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL
) STRICT;

-- task_event: the latest changes, with the task as it was after each, or before
-- its deletion.
CREATE TABLE task_event (
    user_id     TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    seq         INTEGER NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('created', 'updated', 'deleted')),
    at          TEXT NOT NULL CHECK (at GLOB '????-??-??T??:??:??.???Z'),
    task_id     INTEGER NOT NULL,
    title       TEXT NOT NULL,
    description TEXT,
    completed   INTEGER NOT NULL CHECK (completed IN (0, 1)),
    created_at  TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    updated_at  TEXT NOT NULL CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
    version     INTEGER NOT NULL,
    PRIMARY KEY (user_id, seq)
) STRICT;

CREATE INDEX task_event_at_idx ON task_event (at);

-- +goose Down
DROP TABLE task_event;
DROP TABLE task_feed;
