CREATE TABLE webhooks (
    id                  bigint      PRIMARY KEY,
    url                 text        NOT NULL,
    patterns            jsonb       NOT NULL,
    is_active           boolean     NOT NULL,
    disabled_because    text,
    failing_since       timestamptz,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    registered_position bigint      NOT NULL,
    version             bigint      NOT NULL
);
