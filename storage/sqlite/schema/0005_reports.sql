-- What the desk wrote down about a day. positions: JSON.
CREATE TABLE reports (
    seq       INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    kind      TEXT NOT NULL,
    at        TEXT NOT NULL,
    account   TEXT NOT NULL,
    positions TEXT NOT NULL,
    missed    INTEGER NOT NULL CHECK (missed IN (0, 1)),
    owner     TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX reports_by_owner ON reports (owner);
