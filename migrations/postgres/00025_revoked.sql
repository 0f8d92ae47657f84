-- compatible-with: 23
-- Tokens that were revoked by the service to which they were given. token: the SHA-256 of
-- what was signed. A row is needed for as long as its token could be valid.

-- +goose Up
CREATE TABLE revoked (
    token       text PRIMARY KEY CHECK (token ~ '^[0-9a-f]{64}$'),
    "clientId"  text NOT NULL,
    "expiresAt" timestamptz(3) NOT NULL
);

CREATE INDEX "revoked_expiresAt_idx" ON revoked ("expiresAt");
CREATE INDEX "revoked_clientId_idx" ON revoked ("clientId", "expiresAt");

-- +goose Down
DROP TABLE revoked;
