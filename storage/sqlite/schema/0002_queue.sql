-- What /sellbuy works on, and what /buy, /sell and /dump recorded. active: at least a lot of it is left to do.
CREATE TABLE queue (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    account       TEXT NOT NULL,
    ticker        TEXT NOT NULL,
    side          TEXT NOT NULL,
    amount        TEXT NOT NULL,
    made_at       TEXT NOT NULL,
    active        INTEGER NOT NULL CHECK (active IN (0, 1)),
    executed      TEXT NOT NULL,
    average_price TEXT,
    command       TEXT NOT NULL,
    owner         TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX queue_active ON queue (seq) WHERE active = 1;
