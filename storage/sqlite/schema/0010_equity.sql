-- What each account was worth, a row a UTC day: as it was last seen on that day.
CREATE TABLE equity (
    seq      INTEGER PRIMARY KEY,
    account  TEXT NOT NULL,
    day      TEXT NOT NULL,
    at       TEXT NOT NULL,
    equity   TEXT NOT NULL,
    currency TEXT NOT NULL,
    owner    TEXT NOT NULL DEFAULT 'owner',
    UNIQUE (account, day)
) STRICT;

-- Profit by day asks for what was closed since a day.
CREATE INDEX positions_closed ON positions (updated_at) WHERE quantity = '0';
