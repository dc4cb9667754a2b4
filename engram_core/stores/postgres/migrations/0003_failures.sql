-- How often an answer about a lesson could not be used: what it is given up by, in whatever process that was.
ALTER TABLE jobs ADD COLUMN failures integer NOT NULL DEFAULT 0;
