-- +goose Up
-- Internal services that get tokens of their own. secret is the SHA-256 of the
-- client's secret; oldSecret that of the one before a rotation, good until
-- oldSecretEndsAt. scopes and audiences are separated by spaces; no audience
-- means the API's own.
CREATE TABLE client (
    id                text PRIMARY KEY,
    name              text NOT NULL UNIQUE,
    secret            text NOT NULL,
    "oldSecret"       text,
    "oldSecretEndsAt" timestamptz(3),
    scopes            text NOT NULL,
    audiences         text NOT NULL,
    "createdAt"       timestamptz(3) NOT NULL,
    "rotatedAt"       timestamptz(3),
    "lastUsedAt"      timestamptz(3),
    CHECK (("oldSecret" IS NULL) = ("oldSecretEndsAt" IS NULL))
);

-- Which client an event is about, or acted in it. It refers to nothing, like userId.
ALTER TABLE audit ADD COLUMN "clientId" text;
CREATE INDEX "audit_clientId_idx" ON audit ("clientId", id) WHERE "clientId" IS NOT NULL;

-- +goose Down
DROP INDEX "audit_clientId_idx";
ALTER TABLE audit DROP COLUMN "clientId";
DROP TABLE client;
