-- Every instance of the BFF keeps sessions in memory. These triggers tell all instances
-- when a session has ended or changed, whoever does it: a program, or a person with psql.
--
-- Channel vestibule_sessions, with one of these texts:
--   ended TOKEN_HASH    the session is gone
--   changed TOKEN_HASH  the session or its user has another state: read it again
--   all                 all sessions are gone
-- A session that only became longer or got a new cookie is not announced, and neither is a
-- deleted one that had expired.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION session_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('vestibule_sessions', 'ended ' || OLD.token);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION session_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('vestibule_sessions', 'changed ' || OLD.token);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION session_all_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('vestibule_sessions', 'all');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- The search path is kept: whoever updates a user may have another one.
-- +goose StatementBegin
CREATE FUNCTION session_user_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM pg_notify('vestibule_sessions', 'changed ' || token)
    FROM session WHERE "userId" = OLD.id AND "expiresAt" > now();
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER session_ended AFTER DELETE ON session
    FOR EACH ROW WHEN (OLD."expiresAt" > now()) EXECUTE FUNCTION session_ended();
CREATE TRIGGER session_renamed AFTER UPDATE ON session
    FOR EACH ROW WHEN (OLD.token <> NEW.token) EXECUTE FUNCTION session_ended();
CREATE TRIGGER session_changed AFTER UPDATE ON session
    FOR EACH ROW WHEN (OLD.token = NEW.token AND (NEW."expiresAt" < OLD."expiresAt"
        OR (OLD.id, OLD."userId", OLD."rememberMe", OLD."createdAt", OLD."provenAt")
            IS DISTINCT FROM (NEW.id, NEW."userId", NEW."rememberMe", NEW."createdAt", NEW."provenAt")))
    EXECUTE FUNCTION session_changed();
CREATE TRIGGER session_all_ended AFTER TRUNCATE ON session
    FOR EACH STATEMENT EXECUTE FUNCTION session_all_ended();
CREATE TRIGGER session_user_changed AFTER UPDATE ON "user"
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION session_user_changed();

-- +goose Down
DROP TRIGGER session_user_changed ON "user";
DROP TRIGGER session_all_ended ON session;
DROP TRIGGER session_changed ON session;
DROP TRIGGER session_renamed ON session;
DROP TRIGGER session_ended ON session;
DROP FUNCTION session_user_changed();
DROP FUNCTION session_all_ended();
DROP FUNCTION session_changed();
DROP FUNCTION session_ended();
