-- Who did what, when, and because of what. The events themselves stay in the log.
CREATE TABLE entries (
    position       bigint      PRIMARY KEY,
    stream_id      text        NOT NULL,
    version        bigint      NOT NULL,
    type           text        NOT NULL,
    recorded_at    timestamptz NOT NULL,
    actor          text        NOT NULL,
    correlation_id text        NOT NULL,
    causation_id   text,
    request_id     text
);

CREATE INDEX entries_actor_idx ON entries (actor, position);
CREATE INDEX entries_correlation_id_idx ON entries (correlation_id, position);
CREATE INDEX entries_stream_id_idx ON entries (stream_id, position);
