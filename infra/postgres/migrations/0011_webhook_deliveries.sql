-- Who is sent what, by the log up to where the queue of deliveries has read it: events behind the
-- position since. And how sending goes: nothing is sent to an endpoint until paused_until.
CREATE TABLE webhook_endpoints (
    webhook_id    bigint      PRIMARY KEY,
    since         bigint      NOT NULL,
    patterns      text[]      NOT NULL,
    is_active     boolean     NOT NULL DEFAULT true,
    failing_since timestamptz,
    paused_until  timestamptz NOT NULL DEFAULT '-infinity'
);

-- One row for each outward event and endpoint. It holds ids and no payload: what is sent is made
-- from the log at the time. Of the pending deliveries of a stream at an endpoint one is the head,
-- which alone is sent; the others wait behind it.
CREATE TABLE webhook_deliveries (
    delivery_id      uuid        PRIMARY KEY,
    webhook_id       bigint      NOT NULL,
    position         bigint      NOT NULL,
    ordinal          smallint    NOT NULL,
    stream_id        text        NOT NULL,
    event            text        NOT NULL,
    status           text        NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'delivered', 'dead', 'cancelled')),
    is_head          boolean     NOT NULL DEFAULT false,
    attempts         integer     NOT NULL DEFAULT 0,
    failures         integer     NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz NOT NULL DEFAULT now(),
    leased_until     timestamptz,
    redelivery       boolean     NOT NULL DEFAULT false,
    last_status_code integer,
    last_error       text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CHECK (status = 'pending' OR NOT is_head)
);

CREATE UNIQUE INDEX webhook_deliveries_head_idx
    ON webhook_deliveries (webhook_id, stream_id) WHERE is_head;
CREATE INDEX webhook_deliveries_due_idx
    ON webhook_deliveries (webhook_id, next_attempt_at) WHERE is_head;
CREATE INDEX webhook_deliveries_leased_idx
    ON webhook_deliveries (webhook_id, leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX webhook_deliveries_pending_idx
    ON webhook_deliveries (webhook_id, stream_id, position, ordinal) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_dead_idx
    ON webhook_deliveries (webhook_id) WHERE status = 'dead';
CREATE INDEX webhook_deliveries_newest_idx
    ON webhook_deliveries (position DESC, ordinal DESC, webhook_id DESC);
CREATE INDEX webhook_deliveries_ended_idx
    ON webhook_deliveries (updated_at) WHERE status IN ('delivered', 'cancelled');

CREATE TABLE webhook_attempts (
    delivery_id uuid             NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    number      integer          NOT NULL,
    began_at    timestamptz      NOT NULL,
    duration_ms double precision NOT NULL,
    status_code integer,
    error       text,
    PRIMARY KEY (delivery_id, number)
);
