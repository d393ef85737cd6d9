-- Versions of a projection stand beside each other, each with tables and a checkpoint of its own;
-- while one is rebuilt, a second copy of it stands beside the live one.
ALTER TABLE parked_streams DROP CONSTRAINT parked_streams_projection_fkey;
ALTER TABLE parked_streams DROP CONSTRAINT parked_streams_pkey;
ALTER TABLE checkpoints DROP CONSTRAINT checkpoints_pkey;

-- The revision moves on when the rows are changed by anyone but the projector.
ALTER TABLE checkpoints
    ADD COLUMN copy text NOT NULL DEFAULT 'live' CHECK (copy IN ('live', 'rebuild')),
    ADD COLUMN revision bigint NOT NULL DEFAULT 0,
    ADD PRIMARY KEY (projection, version, copy);

ALTER TABLE parked_streams
    ADD COLUMN projection_version integer,
    ADD COLUMN copy text NOT NULL DEFAULT 'live';

UPDATE parked_streams AS p
SET projection_version = c.version
FROM checkpoints AS c
WHERE c.projection = p.projection;

ALTER TABLE parked_streams
    ALTER COLUMN projection_version SET NOT NULL,
    ADD PRIMARY KEY (projection, projection_version, copy, stream_id),
    ADD FOREIGN KEY (projection, projection_version, copy)
        REFERENCES checkpoints (projection, version, copy) ON UPDATE CASCADE ON DELETE CASCADE;

DO $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT projection, version FROM checkpoints WHERE kind = 'projection' LOOP
        EXECUTE format(
            'ALTER SCHEMA %I RENAME TO %I', made.projection, made.projection || '_v' || made.version
        );
    END LOOP;
END;
$$;
