-- The ledger is read newest first, and from a moment on.
CREATE INDEX erasures_position_idx ON erasures (position, subject);
CREATE INDEX erasures_erased_at_idx ON erasures (erased_at);

-- Where the personal data of a subject is in a stream other than its own.
CREATE INDEX events_subject_idx ON events (subject, originator_id) WHERE subject <> originator_id;
