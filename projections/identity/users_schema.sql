CREATE TABLE users (
    username   text        PRIMARY KEY,
    email      text,
    roles      jsonb       NOT NULL,
    is_active  boolean     NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version    bigint      NOT NULL
);
