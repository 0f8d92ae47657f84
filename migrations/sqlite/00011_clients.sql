-- +goose Up
-- Internal services that get tokens of their own. secret is the SHA-256 of the
-- client's secret; oldSecret that of the one before a rotation, good until
-- oldSecretEndsAt. scopes and audiences are separated by spaces; no audience
-- means the API's own.
CREATE TABLE client (
    id                TEXT NOT NULL PRIMARY KEY,
    name              TEXT NOT NULL UNIQUE,
    secret            TEXT NOT NULL,
    "oldSecret"       TEXT,
    "oldSecretEndsAt" TEXT CHECK ("oldSecretEndsAt" GLOB '????-??-??T??:??:??.???Z'),
    scopes            TEXT NOT NULL,
    audiences         TEXT NOT NULL,
    "createdAt"       TEXT NOT NULL CHECK ("createdAt" GLOB '????-??-??T??:??:??.???Z'),
    "rotatedAt"       TEXT CHECK ("rotatedAt" GLOB '????-??-??T??:??:??.???Z'),
    "lastUsedAt"      TEXT CHECK ("lastUsedAt" GLOB '????-??-??T??:??:??.???Z'),
    CHECK (("oldSecret" IS NULL) = ("oldSecretEndsAt" IS NULL))
) STRICT;

-- Which client an event is about, or acted in it. It refers to nothing, like userId.
ALTER TABLE audit ADD COLUMN "clientId" TEXT;
CREATE INDEX "audit_clientId_idx" ON audit ("clientId", id) WHERE "clientId" IS NOT NULL;

-- +goose Down
DROP INDEX "audit_clientId_idx";
ALTER TABLE audit DROP COLUMN "clientId";
DROP TABLE client;
