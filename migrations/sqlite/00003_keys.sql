-- +goose Up
-- alg and crv are null in rows that an older Better Auth has written.
CREATE TABLE jwks (
    id           TEXT NOT NULL PRIMARY KEY,
    "publicKey"  TEXT NOT NULL,
    "privateKey" TEXT NOT NULL,
    "createdAt"  TEXT NOT NULL CHECK ("createdAt" GLOB '????-??-??T??:??:??.???Z'),
    "expiresAt"  TEXT CHECK ("expiresAt" GLOB '????-??-??T??:??:??.???Z'),
    alg          TEXT,
    crv          TEXT
) STRICT;

-- +goose Down
DROP TABLE jwks;
