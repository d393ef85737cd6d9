-- ``state`` is what all figures follow from; the columns beside it are what lists are filtered by.
CREATE TABLE stewardships (
    id          bigint      PRIMARY KEY,
    type        text        NOT NULL,
    domain      text        NOT NULL,
    status      text        NOT NULL,
    user_ids    jsonb       NOT NULL,
    reachable   jsonb       NOT NULL,
    due_at      timestamptz,
    state       jsonb       NOT NULL,
    version     bigint      NOT NULL
);

CREATE INDEX stewardships_type_idx ON stewardships (type, id);
CREATE INDEX stewardships_domain_idx ON stewardships (domain, id);
CREATE INDEX stewardships_status_idx ON stewardships (status, id);
CREATE INDEX stewardships_user_ids_idx ON stewardships USING gin (user_ids);
CREATE INDEX stewardships_due_at_idx ON stewardships (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX stewardships_reachable_idx ON stewardships USING gin (reachable);

CREATE TABLE jobs (
    id             bigint           PRIMARY KEY,
    type           text             NOT NULL,
    domain         text             NOT NULL,
    status         text             NOT NULL,
    progress       double precision NOT NULL,
    stewardship_id bigint           NOT NULL,
    user_ids       jsonb            NOT NULL,
    reachable      jsonb            NOT NULL,
    addresses      jsonb            NOT NULL,
    created_at     timestamptz      NOT NULL,
    started_at     timestamptz,
    completed_at   timestamptz,
    error          text,
    version        bigint           NOT NULL
);

CREATE INDEX jobs_type_idx ON jobs (type, id);
CREATE INDEX jobs_domain_idx ON jobs (domain, id);
CREATE INDEX jobs_status_idx ON jobs (status, id);
CREATE INDEX jobs_user_ids_idx ON jobs USING gin (user_ids);
CREATE INDEX jobs_reachable_idx ON jobs USING gin (reachable);
CREATE INDEX jobs_addresses_idx ON jobs (id) WHERE addresses <> '{}';
