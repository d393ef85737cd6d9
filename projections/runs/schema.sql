CREATE TABLE runs (
    id              bigint      PRIMARY KEY,
    process_id      bigint      NOT NULL,
    entity_id       text        NOT NULL,
    entity_name     text,
    status          text        NOT NULL,
    meta            jsonb       NOT NULL,
    steps_total     bigint      NOT NULL,
    steps_succeeded bigint      NOT NULL,
    started_at      timestamptz,
    finished_at     timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    is_neutralized  boolean     NOT NULL,
    version         bigint      NOT NULL
) WITH (fillfactor = 80);

-- ANALYZE copies sample values into statistics, where an erasure would not find them.
ALTER TABLE runs
    ALTER entity_id SET STATISTICS 0,
    ALTER entity_name SET STATISTICS 0,
    ALTER meta SET STATISTICS 0;

CREATE INDEX runs_created_at_idx ON runs (created_at, id);
CREATE INDEX runs_process_id_idx ON runs (process_id, created_at, id);
CREATE INDEX runs_entity_id_idx ON runs (entity_id);

CREATE TABLE step_runs (
    id          bigint      PRIMARY KEY,
    run_id      bigint      NOT NULL,
    step_id     bigint      NOT NULL,
    index       bigint      NOT NULL,
    name        text        NOT NULL,
    status      text        NOT NULL,
    started_at  timestamptz,
    finished_at timestamptz,
    meta        jsonb       NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    version     bigint      NOT NULL
) WITH (fillfactor = 80);

ALTER TABLE step_runs ALTER meta SET STATISTICS 0;

CREATE INDEX step_runs_run_id_idx ON step_runs (run_id, index, id);

-- Maintained by every event, never counted.
CREATE TABLE statistics (
    process_id              bigint           PRIMARY KEY,
    total_runs              bigint           NOT NULL,
    pending_runs            bigint           NOT NULL,
    running_runs            bigint           NOT NULL,
    completed_runs          bigint           NOT NULL,
    failed_runs             bigint           NOT NULL,
    cancelled_runs          bigint           NOT NULL,
    completion_time_seconds double precision NOT NULL
);
