-- +goose Up
-- What happened to accounts. userId refers to nothing, because the trail
-- outlives the user. email is an address as it was typed or before it was
-- changed. Nothing here is a secret.
CREATE TABLE audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz(3) NOT NULL,
    event       text NOT NULL,
    actor       text NOT NULL,
    "userId"    text,
    "sessionId" text,
    email       text,
    "ipAddress" text,
    "userAgent" text,
    "requestId" text,
    detail      text
);

CREATE INDEX audit_at_idx ON audit (at);
CREATE INDEX "audit_userId_idx" ON audit ("userId", id);

-- +goose Down
DROP TABLE audit;
