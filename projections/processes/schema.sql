CREATE TABLE processes (
    id         bigint      PRIMARY KEY,
    name       text        NOT NULL,
    meta       jsonb       NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version    bigint      NOT NULL
);

CREATE INDEX processes_created_at_idx ON processes (created_at DESC, id DESC);

CREATE TABLE steps (
    id            bigint      PRIMARY KEY,
    process_id    bigint      NOT NULL,
    index         bigint      NOT NULL,
    name          text        NOT NULL,
    is_rerunnable boolean     NOT NULL,
    rerun_config  jsonb,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);

CREATE INDEX steps_process_id_idx ON steps (process_id, index);
