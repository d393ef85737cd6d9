"""The statements of a group commit, in the order in which it uses them."""

# Any number will do, as long as every process takes the same.
LOCK = "SELECT pg_advisory_xact_lock(4127301)"

# Takes the same lock, and looks at the log as it is from then on, in one round trip.
LOCK_LOG = "SELECT * FROM lock_log(%b::text[], %b::text[])"

# Under the lock, and only where a command has a claim.
TAKEN_CLAIMS = "SELECT id FROM claims WHERE id = ANY(%b::bytea[]) AND expires_at > now()"

RECORD = """
WITH recorded AS (
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
), keyed AS (
    INSERT INTO subject_keys (subject, wrapped_key, master_key_id, fingerprint)
    SELECT * FROM unnest(%b::text[], %b::bytea[], %b::text[], %b::bytea[])
), moved AS (
    UPDATE log_head SET position = %b, hash = %b, recorded_at = %b
)
SELECT pg_notify('annals_log', %s)
"""

INSERT_ERASURES = """
INSERT INTO erasures (subject, fingerprint, position, event_id, erased_at)
SELECT * FROM unnest(%b::text[], %b::bytea[], %b::bigint[], %b::uuid[], %b::timestamptz[])
"""

DELETE_KEYS = "DELETE FROM subject_keys WHERE subject = ANY(%b::text[])"

DELETE_SNAPSHOTS = "DELETE FROM snapshots WHERE subject = ANY(%b::text[])"

RECORD_CLAIMS = """
INSERT INTO claims (id, fingerprint, stream_id, version, position, recorded_at)
SELECT * FROM unnest(
    %b::bytea[], %b::bytea[], %b::text[], %b::bigint[], %b::bigint[], %b::timestamptz[]
)
ON CONFLICT (id) DO UPDATE
SET fingerprint = excluded.fingerprint,
    stream_id = excluded.stream_id,
    version = excluded.version,
    position = excluded.position,
    recorded_at = excluded.recorded_at,
    expires_at = excluded.expires_at
"""

RECORDED = """
SELECT event_id, notification_id, recorded_at
FROM events
JOIN unnest(%b::text[], %b::bigint[], %b::uuid[]) AS sought (stream_id, version, event_id)
    USING (event_id)
WHERE originator_id = sought.stream_id AND originator_version = sought.version
"""
