CREATE TABLE users (
    username   text        PRIMARY KEY,
    email      text,
    roles      jsonb       NOT NULL,
    is_active  boolean     NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version    bigint      NOT NULL
);

-- ANALYZE copies sample values into statistics, where an erasure would not find them.
ALTER TABLE users ALTER email SET STATISTICS 0;
