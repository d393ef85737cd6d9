-- Who called what, when, with which outcome. Gathered in memory and added in batches.
CREATE SEQUENCE audit_log_ids;

CREATE TABLE audit_log (
    id             bigint           PRIMARY KEY,
    created_at     timestamptz      NOT NULL,
    actor          text,
    method         text             NOT NULL,
    route          text,
    path           text,
    status_code    smallint         NOT NULL,
    duration_ms    double precision NOT NULL,
    request_id     text             NOT NULL,
    event_position bigint
);

CREATE INDEX audit_log_created_at ON audit_log (created_at, id);
CREATE INDEX audit_log_actor ON audit_log (actor, created_at);
CREATE INDEX audit_log_method ON audit_log (method, created_at);
CREATE INDEX audit_log_route ON audit_log (route, created_at);
CREATE INDEX audit_log_path ON audit_log (path, created_at) WHERE path IS NOT NULL;
CREATE INDEX audit_log_status_code ON audit_log (status_code, created_at);
CREATE INDEX audit_log_duration ON audit_log (duration_ms);
CREATE INDEX audit_log_request ON audit_log (request_id);

-- How many entries there are, by the day in UTC, so that nobody has to count millions.
CREATE TABLE audit_log_days (
    day   date   PRIMARY KEY,
    calls bigint NOT NULL
) WITH (fillfactor = 50);
