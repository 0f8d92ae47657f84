-- +goose Up
-- compatible_with: the oldest version of the schema whose programs can use the database
-- after this migration. NULL: only programs that have the migration. An older program
-- reads this, because it does not have the file of the migration.
ALTER TABLE vestibule_migrations ADD COLUMN compatible_with bigint;

-- +goose Down
ALTER TABLE vestibule_migrations DROP COLUMN compatible_with;
