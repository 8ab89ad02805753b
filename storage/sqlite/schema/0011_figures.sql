-- What a search has found stands among the reports. figures: JSON.
ALTER TABLE reports ADD COLUMN figures TEXT NOT NULL DEFAULT '{}';
