-- +goose Up
-- sessionId: the session that has asked, where the wish dies with it. A constraint,
-- so that no way of ending a session forgets it.
-- afterId: a mail that must have left before this one does.
ALTER TABLE mail ADD COLUMN "sessionId" TEXT REFERENCES session (id) ON DELETE CASCADE;
ALTER TABLE mail ADD COLUMN "afterId" TEXT REFERENCES mail (id) ON DELETE SET NULL;
CREATE INDEX "mail_sessionId_idx" ON mail ("sessionId");
CREATE INDEX "mail_afterId_idx" ON mail ("afterId");

-- usedAt: since when the link has done what it is for; null while it may.
ALTER TABLE verification ADD COLUMN "sessionId" TEXT REFERENCES session (id) ON DELETE CASCADE;
ALTER TABLE verification ADD COLUMN "usedAt" TEXT CHECK ("usedAt" GLOB '????-??-??T??:??:??.???Z');
CREATE INDEX "verification_sessionId_idx" ON verification ("sessionId");

-- Nobody knows which session has asked for these.
DELETE FROM mail WHERE kind = 'change-email';
DELETE FROM verification WHERE identifier LIKE 'change-email:%';

-- Addresses that accounts had before, kept for their owners until heldUntil: as long
-- as a change can be undone nobody else may take the address. A later change has a
-- larger id. emailVerified: whether it was when it was replaced.
CREATE TABLE "formerAddress" (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    email           TEXT NOT NULL,
    "userId"        TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    "emailVerified" INTEGER NOT NULL CHECK ("emailVerified" IN (0, 1)),
    "heldUntil"     TEXT NOT NULL CHECK ("heldUntil" GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX "formerAddress_email_idx" ON "formerAddress" (email);
CREATE INDEX "formerAddress_userId_idx" ON "formerAddress" ("userId");
CREATE INDEX "formerAddress_heldUntil_idx" ON "formerAddress" ("heldUntil");

-- +goose Down
DROP TABLE "formerAddress";
DROP INDEX "verification_sessionId_idx";
ALTER TABLE verification DROP COLUMN "usedAt";
ALTER TABLE verification DROP COLUMN "sessionId";
DROP INDEX "mail_afterId_idx";
DROP INDEX "mail_sessionId_idx";
ALTER TABLE mail DROP COLUMN "afterId";
ALTER TABLE mail DROP COLUMN "sessionId";
