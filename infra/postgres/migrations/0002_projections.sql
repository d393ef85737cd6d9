-- How far each projection has read the log.
CREATE TABLE checkpoints (
    projection  text        PRIMARY KEY,
    version     integer     NOT NULL,
    position    bigint      NOT NULL,
    progress_at timestamptz NOT NULL DEFAULT now(),
    last_error  text
) WITH (fillfactor = 10);

-- Streams that a projection could not follow past an event; later events wait behind it.
CREATE TABLE parked_streams (
    projection text        NOT NULL REFERENCES checkpoints ON DELETE CASCADE,
    stream_id  text        NOT NULL,
    position   bigint      NOT NULL,
    version    bigint      NOT NULL,
    topic      text        NOT NULL,
    error      text        NOT NULL,
    trace      text        NOT NULL,
    parked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, stream_id)
);
