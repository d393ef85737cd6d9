-- What is remembered of a command that came with an idempotency key, from the transaction that
-- records its events on and for a day: enough to tell a repetition, and to answer it from the log.
CREATE TABLE claims (
    id          bytea       PRIMARY KEY,
    fingerprint bytea       NOT NULL,
    stream_id   text        NOT NULL,
    version     bigint      NOT NULL,
    position    bigint      NOT NULL,
    recorded_at timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL DEFAULT now() + interval '24 hours'
);

CREATE INDEX claims_expires_at_idx ON claims (expires_at);
