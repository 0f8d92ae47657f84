-- jwks."signsAt": when a key begins to sign. It is published from its creation on. NULL in
-- rows of earlier versions, whose keys sign from their creation on.
--
-- instance: fingerprints of the secrets that the process accepts, with spaces between them,
-- and of the one that it signs with. NULL in rows of earlier versions, and of processes that
-- have no secret.

-- +goose Up
ALTER TABLE jwks ADD COLUMN "signsAt" TEXT CHECK ("signsAt" GLOB '????-??-??T??:??:??.???Z');
ALTER TABLE instance ADD COLUMN accepts TEXT;
ALTER TABLE instance ADD COLUMN signs TEXT;

-- +goose Down
ALTER TABLE instance DROP COLUMN signs;
ALTER TABLE instance DROP COLUMN accepts;
ALTER TABLE jwks DROP COLUMN "signsAt";
