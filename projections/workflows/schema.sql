CREATE TABLE templates (
    id         text        PRIMARY KEY,
    category   text        NOT NULL,
    complexity text        NOT NULL,
    template   jsonb       NOT NULL,
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    retired_at timestamptz,
    version    bigint      NOT NULL
);

-- Retired templates are not listed.
CREATE INDEX templates_listed_idx ON templates (id) WHERE retired_at IS NULL;

CREATE TABLE contents (
    uid           text        PRIMARY KEY,
    content       jsonb       NOT NULL,
    workflow_id   text,
    template_id   text,
    current_state text,
    assignees     jsonb       NOT NULL,
    known         jsonb       NOT NULL,
    updated_at    timestamptz NOT NULL,
    version       bigint      NOT NULL
);

CREATE INDEX contents_updated_at_idx ON contents (updated_at DESC, uid)
    WHERE workflow_id IS NOT NULL;
CREATE INDEX contents_state_idx ON contents (current_state, updated_at DESC, uid)
    WHERE workflow_id IS NOT NULL;
CREATE INDEX contents_template_idx ON contents (template_id, updated_at DESC, uid)
    WHERE workflow_id IS NOT NULL;
CREATE INDEX contents_assignees_idx ON contents USING gin (assignees);
CREATE INDEX contents_known_idx ON contents USING gin (known);

CREATE TABLE entries (
    id            text        PRIMARY KEY,
    position      bigint      NOT NULL,
    timestamp     timestamptz NOT NULL,
    operation     text        NOT NULL,
    participant   text,
    user_id       text        NOT NULL,
    content_uid   text,
    workflow_id   text,
    template_id   text,
    transition_id text,
    from_state    text,
    to_state      text,
    comments      text,
    success       boolean     NOT NULL,
    before        jsonb       NOT NULL,
    after         jsonb       NOT NULL,
    people        jsonb       NOT NULL,
    metadata      jsonb       NOT NULL,
    error_code    text,
    error         text
);

CREATE INDEX entries_position_idx ON entries (position DESC);
CREATE INDEX entries_timestamp_idx ON entries (timestamp DESC);
CREATE INDEX entries_content_idx ON entries (content_uid, position DESC);
CREATE INDEX entries_user_idx ON entries (user_id, position DESC);
CREATE INDEX entries_template_idx ON entries (template_id, position DESC);
CREATE INDEX entries_operation_idx ON entries (operation, position DESC);
CREATE INDEX entries_refused_idx ON entries (position DESC) WHERE NOT success;
