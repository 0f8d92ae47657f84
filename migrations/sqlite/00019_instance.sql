-- +goose Up
-- A row for each running process, which writes it every few seconds to find out
-- whether it still can.
CREATE TABLE instance (
    id       TEXT NOT NULL PRIMARY KEY,
    "seenAt" TEXT NOT NULL CHECK ("seenAt" GLOB '????-??-??T??:??:??.???Z')
) STRICT;

-- +goose Down
DROP TABLE instance;
