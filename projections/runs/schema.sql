CREATE TABLE runs (
    id                   bigint      PRIMARY KEY,
    process_id           bigint      NOT NULL,
    entity_id            text        NOT NULL,
    entity_name          text,
    status               text        NOT NULL,
    meta                 jsonb       NOT NULL,
    personal_meta_fields jsonb       NOT NULL,
    steps_total          bigint      NOT NULL,
    steps_succeeded      bigint      NOT NULL,
    started_at           timestamptz,
    finished_at          timestamptz,
    failed_at            timestamptz,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    deleted_at           timestamptz,
    is_neutralized       boolean     NOT NULL,
    version              bigint      NOT NULL
) WITH (fillfactor = 80);

-- ANALYZE copies sample values into statistics, where an erasure would not find them.
ALTER TABLE runs
    ALTER entity_id SET STATISTICS 0,
    ALTER entity_name SET STATISTICS 0,
    ALTER meta SET STATISTICS 0;

-- One for each order and filter that the list offers; it never shows deleted runs.
CREATE INDEX runs_created_at_idx ON runs (created_at, id) INCLUDE (process_id)
    WHERE deleted_at IS NULL;
CREATE INDEX runs_process_id_idx ON runs (process_id, created_at, id)
    WHERE deleted_at IS NULL;
CREATE INDEX runs_status_idx ON runs (status, created_at, id) INCLUDE (process_id)
    WHERE deleted_at IS NULL;
CREATE INDEX runs_process_id_status_idx ON runs (process_id, status, created_at, id)
    WHERE deleted_at IS NULL;
CREATE INDEX runs_entity_id_idx ON runs (entity_id, id);
CREATE INDEX runs_entity_name_idx ON runs (entity_name DESC NULLS LAST, id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX runs_started_at_idx ON runs (started_at DESC NULLS LAST, id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX runs_finished_at_idx ON runs (finished_at DESC NULLS LAST, id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX runs_failed_at_idx ON runs (failed_at DESC NULLS LAST, id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX runs_updated_at_idx ON runs (updated_at, id)
    WHERE deleted_at IS NULL;

-- Retention also holds for what is deleted.
CREATE INDEX runs_not_neutralized_idx ON runs (process_id, created_at, id)
    WHERE NOT is_neutralized;

-- What is searched, apart from what changes with every step: an inverted index is dear to update.
-- Deleted runs are not in it.
CREATE TABLE contents (
    id         bigint      PRIMARY KEY,
    process_id bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    name       text        NOT NULL,
    grams      jsonb       NOT NULL,
    words      text        NOT NULL,
    meta       jsonb       NOT NULL,
    terms      tsvector    NOT NULL GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED
);

ALTER TABLE contents
    ALTER name SET STATISTICS 0,
    ALTER grams SET STATISTICS 0,
    ALTER words SET STATISTICS 0,
    ALTER meta SET STATISTICS 0,
    ALTER terms SET STATISTICS 0;

CREATE INDEX contents_grams_idx ON contents USING gin (grams jsonb_path_ops);
CREATE INDEX contents_meta_idx ON contents USING gin (meta jsonb_path_ops);
CREATE INDEX contents_terms_idx ON contents USING gin (terms);

CREATE TABLE step_runs (
    id                   bigint      PRIMARY KEY,
    run_id               bigint      NOT NULL,
    step_id              bigint      NOT NULL,
    index                bigint      NOT NULL,
    name                 text        NOT NULL,
    status               text        NOT NULL,
    started_at           timestamptz,
    finished_at          timestamptz,
    meta                 jsonb       NOT NULL,
    original_step_run_id bigint,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    version              bigint      NOT NULL
) WITH (fillfactor = 80);

ALTER TABLE step_runs ALTER meta SET STATISTICS 0;

CREATE INDEX step_runs_run_id_idx ON step_runs (run_id, index, id);

-- What a list of runs has to know of their processes.
CREATE TABLE processes (
    id               bigint  PRIMARY KEY,
    retention_months bigint,
    is_deleted       boolean NOT NULL
);

-- Maintained by every event, never counted; deleted runs do not count.
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

-- The meta fields that runs have, and the values of those that are not personal.
CREATE TABLE meta_fields (
    process_id bigint NOT NULL,
    field      text   NOT NULL,
    type       text   NOT NULL,
    count      bigint NOT NULL,
    PRIMARY KEY (process_id, field, type)
);

CREATE TABLE meta_values (
    process_id bigint NOT NULL,
    field      text   NOT NULL,
    value      text   NOT NULL,
    count      bigint NOT NULL,
    PRIMARY KEY (process_id, field, value)
);
