-- How many attempts in a row have failed at an endpoint: from some on, all that is for it pauses.
ALTER TABLE webhook_endpoints ADD COLUMN failures integer NOT NULL DEFAULT 0;
