-- How often each API key was used, by day and endpoint. Counted in memory and added in batches.
CREATE TABLE api_key_usage (
    key_id       bigint      NOT NULL,
    day          date        NOT NULL,
    endpoint     text        NOT NULL,
    count        bigint      NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (key_id, day, endpoint)
) WITH (fillfactor = 50);
