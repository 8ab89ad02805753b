-- How much of its person's role an API token carries: read, trade or admin. Those there are carry all of it.

ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'admin';
