-- +goose Up
-- How a client gets tokens: credentials for itself, exchange for a user. What clients
-- can do today they can do on; their scope token:exchange stays for processes of the
-- version before, and says nothing any more.
ALTER TABLE client ADD COLUMN grants text NOT NULL DEFAULT 'credentials';
UPDATE client SET grants = 'credentials exchange' WHERE ' ' || scopes || ' ' LIKE '% token:exchange %';

-- +goose Down
ALTER TABLE client DROP COLUMN grants;
