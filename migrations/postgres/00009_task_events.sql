-- +goose Up
-- task_feed: how many changes a user's tasks have seen. Its row is locked until
-- the change is committed, so that the numbers of a user's events have no gaps
-- and become visible in their order.
CREATE TABLE task_feed (
    user_id text PRIMARY KEY REFERENCES "user" (id) ON DELETE CASCADE,
    seq     bigint NOT NULL
);

-- task_event: the latest changes, with the task as it was after each, or before
-- its deletion.
CREATE TABLE task_event (
    user_id     text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    seq         bigint NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('created', 'updated', 'deleted')),
    at          timestamptz(3) NOT NULL,
    task_id     bigint NOT NULL,
    title       text NOT NULL,
    description text,
    completed   boolean NOT NULL,
    created_at  timestamptz(3) NOT NULL,
    updated_at  timestamptz(3) NOT NULL,
    version     bigint NOT NULL,
    PRIMARY KEY (user_id, seq)
);

CREATE INDEX task_event_at_idx ON task_event (at);

-- +goose Down
DROP TABLE task_event;
DROP TABLE task_feed;
