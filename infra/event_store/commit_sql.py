"""The statements of a group commit, in the order in which it uses them."""

# Any number will do, as long as every process takes the same.
LOCK = "SELECT pg_advisory_xact_lock(4127301)"

HEAD = "SELECT position, hash, recorded_at, master_key_id FROM log_head"

VERSIONS = """
SELECT stream.id,
       COALESCE((
           SELECT originator_version
           FROM events
           WHERE originator_id = stream.id
           ORDER BY originator_version DESC
           LIMIT 1
       ), 0)
FROM unnest(%b::text[]) AS stream (id)
"""

SUBJECTS = """
SELECT subject, fingerprint, false FROM subject_keys WHERE subject = ANY(%b::text[])
UNION ALL
SELECT subject, NULL, true FROM erasures WHERE subject = ANY(%b::text[])
"""

INSERT_EVENTS = """
INSERT INTO events (
    originator_id, originator_version, topic, state, notification_id, event_id,
    schema_version, recorded_at, metadata, subject, protected, hash
)
SELECT stream_id, version, topic, state, position, event_id,
       schema_version, recorded_at, metadata::json, subject, protected, hash
FROM unnest(
    %b::text[], %b::bigint[], %b::text[], %b::bytea[], %b::bigint[], %b::uuid[],
    %b::smallint[], %b::timestamptz[], %b::text[], %b::text[], %b::bytea[], %b::bytea[]
) AS record (
    stream_id, version, topic, state, position, event_id,
    schema_version, recorded_at, metadata, subject, protected, hash
)
"""

INSERT_KEYS = """
INSERT INTO subject_keys (subject, wrapped_key, master_key_id, fingerprint)
SELECT * FROM unnest(%b::text[], %b::bytea[], %b::text[], %b::bytea[])
"""

INSERT_ERASURES = """
INSERT INTO erasures (subject, fingerprint, position, event_id, erased_at)
SELECT * FROM unnest(%b::text[], %b::bytea[], %b::bigint[], %b::uuid[], %b::timestamptz[])
"""

DELETE_KEYS = "DELETE FROM subject_keys WHERE subject = ANY(%b::text[])"

DELETE_SNAPSHOTS = "DELETE FROM snapshots WHERE subject = ANY(%b::text[])"

MOVE_HEAD = "UPDATE log_head SET position = %b, hash = %b, recorded_at = %b"

NOTIFY = "SELECT pg_notify('annals_log', %s)"

RECORDED = """
SELECT event_id, notification_id, recorded_at
FROM events
JOIN unnest(%b::text[], %b::bigint[], %b::uuid[]) AS sought (stream_id, version, event_id)
    USING (event_id)
WHERE originator_id = sought.stream_id AND originator_version = sought.version
"""
