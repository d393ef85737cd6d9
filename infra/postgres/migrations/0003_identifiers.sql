-- Integer ids, allocated without reuse.
CREATE SEQUENCE process_ids;
CREATE SEQUENCE step_ids;
CREATE SEQUENCE run_ids;
CREATE SEQUENCE step_run_ids;
CREATE SEQUENCE api_key_ids;
