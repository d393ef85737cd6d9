CREATE SEQUENCE workflow_ids;
CREATE SEQUENCE refusal_ids;
