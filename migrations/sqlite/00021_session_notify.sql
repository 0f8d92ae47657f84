-- PostgreSQL tells all instances about ended sessions. A SQLite file has one instance, and a
-- counter of its changes.

-- +goose Up
SELECT 1;

-- +goose Down
SELECT 1;
