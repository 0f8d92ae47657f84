-- compatible-with: 23
-- The triggers on sessions and users fire ALWAYS: also in a database session with
-- session_replication_role = replica, as tools that copy data set it, and for rows that a
-- replication applies.
--
-- A user who is deleted there takes no sessions along, because foreign keys rest. The new
-- trigger tells of the sessions that are left: no request finds them without their user.
--
-- session_user_changed reads the sessions with the rights of its owner: a role may change
-- users and have no rights on sessions. So nobody else may decide what it reads. The search
-- path is the schema of the sessions alone. pg_temp is last, because otherwise a temporary
-- table of the caller would come first.

-- +goose Up
SELECT set_config('vestibule.path', current_setting('search_path'), true);
SELECT set_config('search_path', 'pg_catalog, ' || quote_ident(n.nspname) || ', pg_temp', true)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'session'::regclass;
ALTER FUNCTION session_user_changed() SECURITY DEFINER SET search_path FROM CURRENT;
REVOKE ALL ON FUNCTION session_user_changed() FROM PUBLIC;
SELECT set_config('search_path', current_setting('vestibule.path'), true);
CREATE TRIGGER session_user_deleted AFTER DELETE ON "user"
    FOR EACH ROW EXECUTE FUNCTION session_user_changed();
ALTER TABLE session
    ENABLE ALWAYS TRIGGER session_ended,
    ENABLE ALWAYS TRIGGER session_renamed,
    ENABLE ALWAYS TRIGGER session_changed,
    ENABLE ALWAYS TRIGGER session_all_ended;
ALTER TABLE "user"
    ENABLE ALWAYS TRIGGER session_user_changed,
    ENABLE ALWAYS TRIGGER session_user_deleted;

-- +goose Down
ALTER TABLE "user" ENABLE TRIGGER session_user_changed;
ALTER TABLE session
    ENABLE TRIGGER session_ended,
    ENABLE TRIGGER session_renamed,
    ENABLE TRIGGER session_changed,
    ENABLE TRIGGER session_all_ended;
DROP TRIGGER session_user_deleted ON "user";
GRANT EXECUTE ON FUNCTION session_user_changed() TO PUBLIC;
ALTER FUNCTION session_user_changed() SECURITY INVOKER SET search_path FROM CURRENT;
