-- +goose Up
-- Lengths count code points, as the API's limits do.
CREATE TABLE tasks (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    title       text NOT NULL CHECK (length(title) BETWEEN 1 AND 255),
    description text CHECK (length(description) <= 10000),
    completed   boolean NOT NULL,
    created_at  timestamptz(3) NOT NULL,
    updated_at  timestamptz(3) NOT NULL
);

CREATE INDEX tasks_user_id_id_idx ON tasks (user_id, id);

-- +goose Down
DROP TABLE tasks;
