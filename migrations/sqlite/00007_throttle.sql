-- +goose Up
-- How often something was tried. key is a keyed hash of what is counted, so that
-- the table tells nobody which addresses were tried. strikes: how often the limit
-- was passed, lately.
CREATE TABLE throttle (
    key            TEXT NOT NULL PRIMARY KEY,
    count          INTEGER NOT NULL,
    strikes        INTEGER NOT NULL,
    "windowEnd"    TEXT NOT NULL CHECK ("windowEnd" GLOB '????-??-??T??:??:??.???Z'),
    "blockedUntil" TEXT NOT NULL CHECK ("blockedUntil" GLOB '????-??-??T??:??:??.???Z'),
    "expiresAt"    TEXT NOT NULL CHECK ("expiresAt" GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX "throttle_expiresAt_idx" ON throttle ("expiresAt");

-- +goose Down
DROP TABLE throttle;
