-- Stop orders that people put aside, one row a set: a set is replaced whole or not at all. traps: JSON.
CREATE TABLE stashes (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    name    TEXT NOT NULL,
    made_at TEXT NOT NULL,
    traps   TEXT NOT NULL,
    owner   TEXT NOT NULL DEFAULT 'owner'
) STRICT;

-- What /stops and /shorts take: people's own, never written by the daily look at what brokers list.
CREATE TABLE stop_lists (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    ticker          TEXT NOT NULL,
    whitelist       INTEGER NOT NULL CHECK (whitelist IN (0, 1)),
    stop_blacklist  INTEGER NOT NULL CHECK (stop_blacklist IN (0, 1)),
    short_blacklist INTEGER NOT NULL CHECK (short_blacklist IN (0, 1)),
    morning         INTEGER NOT NULL CHECK (morning IN (0, 1)),
    owner           TEXT NOT NULL DEFAULT 'owner',
    UNIQUE (owner, ticker)
) STRICT;

-- What a person set otherwise than the settings file.
CREATE TABLE tunables (
    owner TEXT NOT NULL DEFAULT 'owner',
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT;
