-- +goose Up
-- When the password was last proven in the session. Null: at sign-in, "createdAt".
ALTER TABLE session ADD COLUMN "provenAt" TEXT CHECK ("provenAt" GLOB '????-??-??T??:??:??.???Z');

-- Secrets that a browser had until a moment ago: another took their place, or it
-- signed out. A request that was sent with one may be answered late, and must not
-- clear the newer cookie. token: SHA-256, as in session.
CREATE TABLE replaced (
    token       TEXT NOT NULL PRIMARY KEY CHECK (length(token) = 64 AND token NOT GLOB '*[^0-9a-f]*'),
    "expiresAt" TEXT NOT NULL CHECK ("expiresAt" GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX "replaced_expiresAt_idx" ON replaced ("expiresAt");

-- +goose Down
DROP TABLE replaced;
ALTER TABLE session DROP COLUMN "provenAt";
