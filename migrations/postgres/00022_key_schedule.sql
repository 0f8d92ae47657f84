-- jwks."signsAt": when a key begins to sign. It is published from its creation on. NULL in
-- rows of earlier versions, whose keys sign from their creation on.
--
-- instance: fingerprints of the secrets that the process accepts, with spaces between them,
-- and of the one that it signs with. NULL in rows of earlier versions, and of processes that
-- have no secret.

-- +goose Up
ALTER TABLE jwks ADD COLUMN "signsAt" timestamptz(3);
ALTER TABLE instance ADD COLUMN accepts text, ADD COLUMN signs text;

-- +goose Down
ALTER TABLE instance DROP COLUMN accepts, DROP COLUMN signs;
ALTER TABLE jwks DROP COLUMN "signsAt";
