-- The log. Its first five columns are those of the eventsourcing library's own recorder.
CREATE TABLE events (
    originator_id      text        NOT NULL,
    originator_version bigint      NOT NULL,
    topic              text        NOT NULL,
    state              bytea       NOT NULL,
    notification_id    bigint      NOT NULL,
    event_id           uuid        NOT NULL,
    schema_version     smallint    NOT NULL,
    recorded_at        timestamptz NOT NULL,
    metadata           json        NOT NULL,
    subject            text,
    protected          bytea,
    hash               bytea       NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
) WITH (autovacuum_analyze_scale_factor = 0.01);

CREATE UNIQUE INDEX events_notification_id_idx ON events (notification_id);

CREATE VIEW event_log AS
SELECT notification_id                       AS position,
       originator_id                         AS stream_id,
       originator_version                    AS version,
       topic                                 AS type,
       convert_from(state, 'UTF8')::json     AS payload,
       recorded_at,
       metadata ->> 'actor'                  AS actor,
       metadata,
       subject,
       protected IS NOT NULL                 AS has_protected_data
FROM events;

-- No event is ever updated or deleted: not by Annals, not by a slip of the hand in psql.
CREATE FUNCTION refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only: % refused', TG_OP;
END;
$$;

CREATE TRIGGER events_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_event_change();

-- Where the log ends, as the committer left it; a tail cut off the log no longer fits this row.
CREATE TABLE log_head (
    position      bigint      NOT NULL,
    hash          bytea       NOT NULL,
    recorded_at   timestamptz NOT NULL,
    master_key_id text        NOT NULL
) WITH (fillfactor = 10);

INSERT INTO log_head (position, hash, recorded_at, master_key_id)
VALUES (0, decode(repeat('00', 32), 'hex'), 'epoch', '');

-- One data key for each subject, wrapped by the master key. Erasing the subject deletes its row.
CREATE TABLE subject_keys (
    subject       text  PRIMARY KEY,
    wrapped_key   bytea NOT NULL,
    master_key_id text  NOT NULL,
    fingerprint   bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50);

-- ANALYZE copies sample values into statistics, where a destroyed key would live on.
ALTER TABLE subject_keys ALTER wrapped_key SET STATISTICS 0;

CREATE INDEX subject_keys_master_key_id_idx ON subject_keys (master_key_id);

-- The fence: a subject named here never gets another key.
CREATE TABLE erasures (
    subject     text        PRIMARY KEY,
    fingerprint bytea,
    position    bigint      NOT NULL,
    event_id    uuid        NOT NULL,
    erased_at   timestamptz NOT NULL
);

-- The one writer's first step: take the lock, then see the log as it is from then on. The arrays
-- answer for the streams and subjects that were asked for, in their order.
CREATE FUNCTION lock_log(streams text[], subjects text[])
RETURNS TABLE (
    log_position  bigint,
    log_hash      bytea,
    log_recorded  timestamptz,
    log_master    text,
    versions      bigint[],
    fingerprints  bytea[],
    erased        boolean[]
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4127301);
    RETURN QUERY
    SELECT h.position, h.hash, h.recorded_at, h.master_key_id,
           ARRAY(
               SELECT COALESCE((
                   SELECT e.originator_version
                   FROM events AS e
                   WHERE e.originator_id = asked.id
                   ORDER BY e.originator_version DESC
                   LIMIT 1
               ), 0)
               FROM unnest(streams) WITH ORDINALITY AS asked (id, place)
               ORDER BY asked.place
           ),
           ARRAY(
               SELECT (SELECT k.fingerprint FROM subject_keys AS k WHERE k.subject = asked.id)
               FROM unnest(subjects) WITH ORDINALITY AS asked (id, place)
               ORDER BY asked.place
           ),
           ARRAY(
               SELECT EXISTS (SELECT FROM erasures AS x WHERE x.subject = asked.id)
               FROM unnest(subjects) WITH ORDINALITY AS asked (id, place)
               ORDER BY asked.place
           )
    FROM log_head AS h;
END;
$$;

-- The latest snapshot of a long stream, encrypted under its subject's key where it has one.
CREATE TABLE snapshots (
    originator_id      text     PRIMARY KEY,
    originator_version bigint   NOT NULL,
    topic              text     NOT NULL,
    schema_version     smallint NOT NULL,
    subject            text,
    state              bytea    NOT NULL
);

ALTER TABLE snapshots ALTER state SET STATISTICS 0;

CREATE INDEX snapshots_subject_idx ON snapshots (subject);
