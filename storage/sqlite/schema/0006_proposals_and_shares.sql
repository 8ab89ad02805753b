-- details: what a proposal's card shows beside its figures, JSON; what it does not say is left out.
ALTER TABLE proposals ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
-- The other accounts that a link trades on: [[name, multiplier], ...].
ALTER TABLE links ADD COLUMN accounts TEXT NOT NULL DEFAULT '[]';
