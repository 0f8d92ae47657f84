-- Times keep milliseconds, as everywhere else: a row's time read and sent back
-- must compare equal.

-- +goose Up
CREATE TABLE "user" (
    id              text PRIMARY KEY,
    name            text NOT NULL,
    email           text NOT NULL UNIQUE,
    "emailVerified" boolean NOT NULL,
    image           text,
    "createdAt"     timestamptz(3) NOT NULL,
    "updatedAt"     timestamptz(3) NOT NULL
);

-- token: lower-case hex SHA-256 of the session token. The check keeps a token
-- itself from ever being stored by mistake.
-- rememberMe: false is a session cookie, and a session that use never extends.
-- cookieAt: when the browser last got this session's cookie.
CREATE TABLE session (
    id           text PRIMARY KEY,
    token        text NOT NULL UNIQUE CHECK (token ~ '^[0-9a-f]{64}$'),
    "userId"     text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    "ipAddress"  text,
    "userAgent"  text,
    "rememberMe" boolean NOT NULL DEFAULT true,
    "createdAt"  timestamptz(3) NOT NULL,
    "updatedAt"  timestamptz(3) NOT NULL,
    "expiresAt"  timestamptz(3) NOT NULL,
    "cookieAt"   timestamptz(3) NOT NULL
);

CREATE INDEX "session_userId_idx" ON session ("userId");
CREATE INDEX "session_expiresAt_idx" ON session ("expiresAt");

-- A user with a password has an account with providerId 'credential' and the
-- user's id as accountId.
CREATE TABLE account (
    id                      text PRIMARY KEY,
    "accountId"             text NOT NULL,
    "providerId"            text NOT NULL,
    "userId"                text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    "accessToken"           text,
    "refreshToken"          text,
    "idToken"               text,
    "accessTokenExpiresAt"  timestamptz(3),
    "refreshTokenExpiresAt" timestamptz(3),
    scope                   text,
    password                text,
    "createdAt"             timestamptz(3) NOT NULL,
    "updatedAt"             timestamptz(3) NOT NULL,
    UNIQUE ("providerId", "accountId")
);

CREATE INDEX "account_userId_idx" ON account ("userId");

CREATE TABLE verification (
    id          text PRIMARY KEY,
    identifier  text NOT NULL,
    value       text NOT NULL,
    "expiresAt" timestamptz(3) NOT NULL,
    "createdAt" timestamptz(3) NOT NULL,
    "updatedAt" timestamptz(3) NOT NULL
);

CREATE INDEX verification_identifier_idx ON verification (identifier);

-- +goose Down
DROP TABLE verification;
DROP TABLE account;
DROP TABLE session;
DROP TABLE "user";
