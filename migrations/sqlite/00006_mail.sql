-- +goose Up
-- Mails that are to be sent. A row says what to send and to whom; the link is
-- made when it is sent, so none can be read here.
-- userId: null where the address was typed by somebody who is not signed in.
CREATE TABLE mail (
    id            TEXT NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL,
    recipient     TEXT NOT NULL,
    "userId"      TEXT REFERENCES "user" (id) ON DELETE CASCADE,
    "newEmail"    TEXT,
    "callbackURL" TEXT,
    "createdAt"   TEXT NOT NULL CHECK ("createdAt" GLOB '????-??-??T??:??:??.???Z'),
    "dueAt"       TEXT NOT NULL CHECK ("dueAt" GLOB '????-??-??T??:??:??.???Z'),
    attempts      INTEGER NOT NULL
) STRICT;

CREATE INDEX "mail_dueAt_idx" ON mail ("dueAt");

-- Whose link it is, so that a user's outstanding links can be made useless.
-- identifier is the purpose, a colon and the SHA-256 of the link's token.
ALTER TABLE verification ADD COLUMN "userId" TEXT REFERENCES "user" (id) ON DELETE CASCADE;
CREATE INDEX "verification_userId_idx" ON verification ("userId");
CREATE INDEX "verification_expiresAt_idx" ON verification ("expiresAt");

-- +goose Down
DROP INDEX "verification_expiresAt_idx";
DROP INDEX "verification_userId_idx";
ALTER TABLE verification DROP COLUMN "userId";
DROP TABLE mail;
