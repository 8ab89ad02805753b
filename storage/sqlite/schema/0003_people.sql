-- People, what they may open the desk with, the accounts they added, and the links by which strategies reach it.
-- Passwords and tokens stand here as hashes alone, credentials as the vault sealed them.

CREATE TABLE users (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE, -- the username in lower case
    username      TEXT NOT NULL,
    role          TEXT NOT NULL,
    first         TEXT NOT NULL,
    last          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    language      TEXT NOT NULL,
    works_for     TEXT,
    deleted_at    TEXT,
    owner         TEXT NOT NULL DEFAULT 'owner'
) STRICT;

CREATE TABLE tokens (
    hash    TEXT PRIMARY KEY,
    user    TEXT NOT NULL,
    made_at TEXT NOT NULL,
    owner   TEXT NOT NULL DEFAULT 'owner'
) STRICT;

CREATE TABLE accounts (
    seq        INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
    broker     TEXT NOT NULL,
    made_at    TEXT NOT NULL,
    settings   TEXT NOT NULL,
    deleted_at TEXT,
    owner      TEXT NOT NULL DEFAULT 'owner'
) STRICT;

CREATE TABLE credentials (
    account TEXT PRIMARY KEY,
    sealed  TEXT NOT NULL,
    owner   TEXT NOT NULL DEFAULT 'owner'
) STRICT;

CREATE TABLE links (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL COLLATE NOCASE,
    account       TEXT NOT NULL,
    strategy      TEXT NOT NULL,
    made_at       TEXT NOT NULL,
    token_hash    TEXT NOT NULL UNIQUE,
    stop_loss     TEXT,
    target        TEXT,
    trailing_stop TEXT,
    quantity      TEXT,
    risk_percent  TEXT,
    product       TEXT NOT NULL,
    option        TEXT, -- [expiry, strike], each or both null
    paper         INTEGER NOT NULL CHECK (paper IN (0, 1)),
    ask           INTEGER NOT NULL CHECK (ask IN (0, 1)),
    running       INTEGER NOT NULL CHECK (running IN (0, 1)),
    deleted_at    TEXT,
    owner         TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE UNIQUE INDEX links_by_name ON links (owner, name) WHERE deleted_at IS NULL;

-- What its owner does not want to see any more. The rows stay.
ALTER TABLE orders ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
ALTER TABLE fills ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
