CREATE TABLE documents (
    id              text        PRIMARY KEY,
    sha256          text        NOT NULL,
    file_path       text        NOT NULL,
    size_bytes      bigint      NOT NULL,
    source          text        NOT NULL,
    has_bytes       boolean     NOT NULL,
    stored_at       timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    deleted_at      timestamptz,
    processed_at    timestamptz,
    processed_by    text,
    pages           bigint,
    issue_date      date,
    games           bigint      NOT NULL,
    markets         bigint      NOT NULL,
    odds            bigint      NOT NULL,
    anomalies       bigint      NOT NULL,
    names           jsonb       NOT NULL,
    found_by        text,
    found           bigint      NOT NULL,
    counted_on      text,
    counted         jsonb,
    stored_position bigint      NOT NULL,
    version         bigint      NOT NULL
);

CREATE INDEX documents_stored_position_idx ON documents (stored_position DESC);

CREATE TABLE jobs (
    id                  text             PRIMARY KEY,
    document_id         text             NOT NULL,
    file_path           text             NOT NULL,
    priority            bigint           NOT NULL,
    source              text             NOT NULL,
    status              text             NOT NULL,
    attempts            bigint           NOT NULL,
    progress_percent    double precision NOT NULL,
    current_stage       text,
    estimated_remaining bigint,
    stages              jsonb            NOT NULL,
    result              jsonb,
    error               text,
    error_code          text,
    queued_at           timestamptz      NOT NULL,
    started_at          timestamptz,
    attempt_at          timestamptz,
    finished_at         timestamptz,
    updated_at          timestamptz      NOT NULL,
    processing_seconds  double precision,
    queued_position     bigint           NOT NULL,
    version             bigint           NOT NULL
);

-- Those that wait, the most urgent first; and those that run, of which there are few.
CREATE INDEX jobs_waiting_idx ON jobs (priority, queued_position) WHERE status = 'queued';
CREATE INDEX jobs_running_idx ON jobs (queued_position) WHERE status = 'running';
CREATE INDEX jobs_completed_idx ON jobs (finished_at DESC, id DESC) WHERE status = 'completed';
CREATE INDEX jobs_document_id_idx ON jobs (document_id, queued_position DESC);

CREATE TABLE anomalies (
    id          text   PRIMARY KEY,
    document_id text   NOT NULL,
    number      bigint NOT NULL,
    game_id     text,
    kind        text   NOT NULL,
    severity    text   NOT NULL,
    message     text   NOT NULL,
    page        bigint NOT NULL,
    line        bigint NOT NULL,
    text        text   NOT NULL,
    other_text  text
);

CREATE INDEX anomalies_document_id_idx ON anomalies (document_id, number);
CREATE INDEX anomalies_game_id_idx ON anomalies (game_id, document_id, number)
    WHERE game_id IS NOT NULL;

CREATE TABLE days (
    day                text             PRIMARY KEY,
    jobs_completed     bigint           NOT NULL,
    jobs_failed        bigint           NOT NULL,
    pages              bigint           NOT NULL,
    rows_read          bigint           NOT NULL,
    rows_unreadable    bigint           NOT NULL,
    processing_seconds double precision NOT NULL,
    longest_seconds    double precision NOT NULL
);

CREATE TABLE totals (
    id                 bigint           PRIMARY KEY,
    jobs_completed     bigint           NOT NULL,
    processing_seconds double precision NOT NULL,
    last_ended_at      timestamptz
);

CREATE TABLE job_counts (
    status text   PRIMARY KEY,
    count  bigint NOT NULL
);

-- What the documents of a day have, each counted once however often it is processed.
CREATE TABLE figure_days (
    day    text   NOT NULL,
    figure text   NOT NULL,
    count  bigint NOT NULL,
    PRIMARY KEY (day, figure)
);

CREATE TABLE league_days (
    day    text   NOT NULL,
    league text   NOT NULL,
    count  bigint NOT NULL,
    PRIMARY KEY (day, league)
);

CREATE TABLE kind_days (
    day   text   NOT NULL,
    kind  text   NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (day, kind)
);
