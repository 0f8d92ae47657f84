-- +goose Up
-- alg and crv are null in rows that an older Better Auth has written.
CREATE TABLE jwks (
    id           text PRIMARY KEY,
    "publicKey"  text NOT NULL,
    "privateKey" text NOT NULL,
    "createdAt"  timestamptz(3) NOT NULL,
    "expiresAt"  timestamptz(3),
    alg          text,
    crv          text
);

-- +goose Down
DROP TABLE jwks;
