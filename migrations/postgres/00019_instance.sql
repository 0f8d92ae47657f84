-- +goose Up
-- A row for each running process, which writes it every few seconds to find out
-- whether it still can. The space beside it lets PostgreSQL do so in place.
CREATE TABLE instance (
    id       text PRIMARY KEY,
    "seenAt" timestamptz(3) NOT NULL
) WITH (fillfactor = 50);

-- +goose Down
DROP TABLE instance;
