-- +goose Up
-- What happened to accounts. userId refers to nothing, because the trail
-- outlives the user. email is an address as it was typed or before it was
-- changed. Nothing here is a secret.
CREATE TABLE audit (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          TEXT NOT NULL CHECK (at GLOB '????-??-??T??:??:??.???Z'),
    event       TEXT NOT NULL,
    actor       TEXT NOT NULL,
    "userId"    TEXT,
    "sessionId" TEXT,
    email       TEXT,
    "ipAddress" TEXT,
    "userAgent" TEXT,
    "requestId" TEXT,
    detail      TEXT
) STRICT;

CREATE INDEX audit_at_idx ON audit (at);
CREATE INDEX "audit_userId_idx" ON audit ("userId", id);

-- +goose Down
DROP TABLE audit;
