-- Subscriptions follow the log as projections do; jobs take the place of tables.
ALTER TABLE checkpoints
    ADD COLUMN kind text NOT NULL DEFAULT 'projection'
        CHECK (kind IN ('projection', 'subscription'));
