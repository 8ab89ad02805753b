-- What /spreads works on. side: of the far leg. amount: far pieces; ratio: near pieces for a far one.
CREATE TABLE spreads (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    account       TEXT NOT NULL,
    far           TEXT NOT NULL,
    near          TEXT NOT NULL,
    side          TEXT NOT NULL,
    price         TEXT NOT NULL,
    amount        TEXT NOT NULL,
    ratio         TEXT NOT NULL,
    made_at       TEXT NOT NULL,
    active        INTEGER NOT NULL CHECK (active IN (0, 1)),
    far_executed  TEXT NOT NULL,
    far_average   TEXT,
    near_executed TEXT NOT NULL,
    near_average  TEXT,
    owner         TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX spreads_active ON spreads (seq) WHERE active = 1;
