-- compatible-with: 23
-- Tokens that were revoked by the service to which they were given. token: the SHA-256 of
-- what was signed. A row is needed for as long as its token could be valid.

-- +goose Up
CREATE TABLE revoked (
    token       TEXT NOT NULL PRIMARY KEY CHECK (length(token) = 64 AND token NOT GLOB '*[^0-9a-f]*'),
    "clientId"  TEXT NOT NULL,
    "expiresAt" TEXT NOT NULL CHECK ("expiresAt" GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX "revoked_expiresAt_idx" ON revoked ("expiresAt");
CREATE INDEX "revoked_clientId_idx" ON revoked ("clientId", "expiresAt");

-- +goose Down
DROP TABLE revoked;
