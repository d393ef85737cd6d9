CREATE TABLE processes (
    id               bigint      PRIMARY KEY,
    name             text        NOT NULL,
    meta             jsonb       NOT NULL,
    retention_months bigint,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    deleted_at       timestamptz,
    version          bigint      NOT NULL
);

-- Deleted processes are never shown.
CREATE INDEX processes_created_at_idx ON processes (created_at DESC, id DESC)
    WHERE deleted_at IS NULL;

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
