CREATE SEQUENCE stewardship_ids;
CREATE SEQUENCE stewardship_job_ids;
