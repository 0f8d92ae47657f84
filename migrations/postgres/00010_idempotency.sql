-- +goose Up
-- What was answered to a request with an Idempotency-Key, so that it can be said
-- again. caller: the subject of the token. fingerprint: SHA-256 of what was asked.
CREATE TABLE idempotency (
    caller      text NOT NULL,
    user_id     text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    key         text NOT NULL,
    fingerprint text NOT NULL,
    answer      text NOT NULL,
    expires_at  timestamptz(3) NOT NULL,
    PRIMARY KEY (caller, user_id, key)
);

CREATE INDEX idempotency_user_idx ON idempotency (user_id);
CREATE INDEX idempotency_expires_idx ON idempotency (expires_at);

-- +goose Down
DROP TABLE idempotency;
