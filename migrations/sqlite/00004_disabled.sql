-- +goose Up
-- disabledAt: since when the user may not sign in; null while they may.
ALTER TABLE "user" ADD COLUMN "disabledAt" TEXT CHECK ("disabledAt" GLOB '????-??-??T??:??:??.???Z');

-- +goose Down
ALTER TABLE "user" DROP COLUMN "disabledAt";
