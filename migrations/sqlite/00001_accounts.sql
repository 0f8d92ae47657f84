-- Dates are ISO text in UTC with milliseconds, so that comparing the text
-- compares the times; booleans are 0 and 1.

-- +goose Up
CREATE TABLE "user" (
    id              TEXT NOT NULL PRIMARY KEY,
    name            TEXT NOT NULL,
    email           TEXT NOT NULL UNIQUE,
    "emailVerified" INTEGER NOT NULL CHECK ("emailVerified" IN (0, 1)),
    image           TEXT,
    "createdAt"     TEXT NOT NULL CHECK ("createdAt" GLOB '????-??-??T??:??:??.???Z'),
    "updatedAt"     TEXT NOT NULL CHECK ("updatedAt" GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- token: lower-case hex SHA-256 of the session token. The check keeps a token
-- itself from ever being stored by mistake.
-- rememberMe: 0 is a session cookie, and a session that use never extends.
-- cookieAt: when the browser last got this session's cookie.
CREATE TABLE session (
    id           TEXT NOT NULL PRIMARY KEY,
    token        TEXT NOT NULL UNIQUE CHECK (length(token) = 64 AND token NOT GLOB '*[^0-9a-f]*'),
    "userId"     TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    "ipAddress"  TEXT,
    "userAgent"  TEXT,
    "rememberMe" INTEGER NOT NULL DEFAULT 1 CHECK ("rememberMe" IN (0, 1)),
    "createdAt"  TEXT NOT NULL CHECK ("createdAt" GLOB '????-??-??T??:??:??.???Z'),
    "updatedAt"  TEXT NOT NULL CHECK ("updatedAt" GLOB '????-??-??T??:??:??.???Z'),
    "expiresAt"  TEXT NOT NULL CHECK ("expiresAt" GLOB '????-??-??T??:??:??.???Z'),
    "cookieAt"   TEXT NOT NULL CHECK ("cookieAt" GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX "session_userId_idx" ON session ("userId");
CREATE INDEX "session_expiresAt_idx" ON session ("expiresAt");

-- A user with a password has an account with providerId 'credential' and the
-- user's id as accountId.
CREATE TABLE account (
    id                      TEXT NOT NULL PRIMARY KEY,
    "accountId"             TEXT NOT NULL,
    "providerId"            TEXT NOT NULL,
    "userId"                TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    "accessToken"           TEXT,
    "refreshToken"          TEXT,
    "idToken"               TEXT,
    "accessTokenExpiresAt"  TEXT CHECK ("accessTokenExpiresAt" GLOB '????-??-??T??:??:??.???Z'),
    "refreshTokenExpiresAt" TEXT CHECK ("refreshTokenExpiresAt" GLOB '????-??-??T??:??:??.???Z'),
    scope                   TEXT,
    password                TEXT,
    "createdAt"             TEXT NOT NULL CHECK ("createdAt" GLOB '????-??-??T??:??:??.???Z'),
    "updatedAt"             TEXT NOT NULL CHECK ("updatedAt" GLOB '????-??-??T??:??:??.???Z'),
    UNIQUE ("providerId", "accountId")
) STRICT;

CREATE INDEX "account_userId_idx" ON account ("userId");

CREATE TABLE verification (
    id          TEXT NOT NULL PRIMARY KEY,
    identifier  TEXT NOT NULL,
    value       TEXT NOT NULL,
    "expiresAt" TEXT NOT NULL CHECK ("expiresAt" GLOB '????-??-??T??:??:??.???Z'),
    "createdAt" TEXT NOT NULL CHECK ("createdAt" GLOB '????-??-??T??:??:??.???Z'),
    "updatedAt" TEXT NOT NULL CHECK ("updatedAt" GLOB '????-??-??T??:??:??.???Z')
) STRICT;

CREATE INDEX verification_identifier_idx ON verification (identifier);

-- +goose Down
DROP TABLE verification;
DROP TABLE account;
DROP TABLE session;
DROP TABLE "user";
