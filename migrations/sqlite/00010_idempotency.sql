-- +goose Up
-- What was answered to a request with an Idempotency-Key, so that it can be said
-- again. caller: the subject of the token. fingerprint: SHA-256 of what was asked.
CREATE TABLE idempotency (
    caller      TEXT NOT NULL,
    user_id     TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer      TEXT NOT NULL,
    expires_at  TEXT NOT NULL CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
    PRIMARY KEY (caller, user_id, key)
) STRICT;

CREATE INDEX idempotency_user_idx ON idempotency (user_id);
CREATE INDEX idempotency_expires_idx ON idempotency (expires_at);

-- +goose Down
DROP TABLE idempotency;
