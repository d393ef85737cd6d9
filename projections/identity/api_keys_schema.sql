CREATE TABLE api_keys (
    id          bigint      PRIMARY KEY,
    name        text        NOT NULL,
    description text,
    role        text        NOT NULL,
    key_prefix  text        NOT NULL,
    created_at  timestamptz NOT NULL,
    created_by  text        NOT NULL,
    expires_at  timestamptz,
    is_active   boolean     NOT NULL,
    revoked_at  timestamptz,
    version     bigint      NOT NULL,
    digest      text        NOT NULL
);

CREATE UNIQUE INDEX api_keys_digest_idx ON api_keys (digest);
