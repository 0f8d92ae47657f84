-- +goose Up
-- How often something was tried. key is a keyed hash of what is counted, so that
-- the table tells nobody which addresses were tried. strikes: how often the limit
-- was passed, lately.
CREATE TABLE throttle (
    key            text PRIMARY KEY,
    count          integer NOT NULL,
    strikes        integer NOT NULL,
    "windowEnd"    timestamptz(3) NOT NULL,
    "blockedUntil" timestamptz(3) NOT NULL,
    "expiresAt"    timestamptz(3) NOT NULL
);

CREATE INDEX "throttle_expiresAt_idx" ON throttle ("expiresAt");

-- +goose Down
DROP TABLE throttle;
