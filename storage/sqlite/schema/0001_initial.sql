-- seq is the order of arrival: pages and "oldest first" go by it.
-- Decimals are TEXT in plain notation. Times are TEXT, UTC with six digits of a second, so that they sort.
-- Small nested values are JSON in TEXT. Every row has an owner.

CREATE TABLE desk (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    desk_id    INTEGER NOT NULL,
    made_at    TEXT NOT NULL,
    audit_head INTEGER NOT NULL DEFAULT 0,
    audit_hash TEXT NOT NULL DEFAULT '',
    owner      TEXT NOT NULL DEFAULT 'owner'
) STRICT;

CREATE TABLE alerts (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    dedupe_key  TEXT UNIQUE, -- NULL once forgotten
    status      TEXT NOT NULL,
    done        INTEGER NOT NULL CHECK (done IN (0, 1)),
    reason      TEXT NOT NULL DEFAULT '',
    proposal_id TEXT,
    received_at TEXT NOT NULL,
    source      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    account     TEXT,
    link        TEXT,
    ticker      TEXT NOT NULL,
    body        TEXT NOT NULL,
    fields      TEXT NOT NULL, -- what else the alert says, by name; what it does not say is left out
    owner       TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX alerts_by_owner ON alerts (owner);
CREATE INDEX alerts_by_time ON alerts (received_at) WHERE dedupe_key IS NOT NULL;
CREATE INDEX alerts_waiting ON alerts (seq) WHERE done = 0;

CREATE TABLE orders (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    intent        TEXT NOT NULL,
    account       TEXT NOT NULL,
    ticker        TEXT NOT NULL,
    side          TEXT NOT NULL,
    type          TEXT NOT NULL,
    quantity      TEXT NOT NULL,
    role          TEXT NOT NULL,
    purpose       TEXT NOT NULL,
    because       TEXT NOT NULL, -- [[kind, id], ...], first cause first
    book          TEXT NOT NULL,
    price         TEXT,
    stop_price    TEXT,
    reduce_only   INTEGER NOT NULL CHECK (reduce_only IN (0, 1)),
    time_in_force TEXT NOT NULL,
    expires_at    TEXT,
    plan          TEXT,
    arrival       TEXT,
    state         TEXT NOT NULL,
    at            TEXT NOT NULL,
    updated_at    TEXT NOT NULL,
    broker_id     TEXT,
    filled        TEXT NOT NULL,
    average_price TEXT,
    reason        TEXT NOT NULL,
    paper         INTEGER NOT NULL CHECK (paper IN (0, 1)),
    owner         TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX orders_by_owner ON orders (owner);
CREATE INDEX orders_live ON orders (seq) WHERE state NOT IN ('FILLED', 'CANCELLED', 'REJECTED', 'EXPIRED');

-- The causes of orders.because once more, to be searched by.
CREATE TABLE order_causes (
    kind     TEXT NOT NULL,
    cause_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    owner    TEXT NOT NULL DEFAULT 'owner',
    PRIMARY KEY (kind, cause_id, order_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE fills (
    seq       INTEGER PRIMARY KEY,
    id        TEXT NOT NULL,
    account   TEXT NOT NULL,
    ticker    TEXT NOT NULL,
    side      TEXT NOT NULL,
    quantity  TEXT NOT NULL,
    price     TEXT NOT NULL,
    fee       TEXT NOT NULL,
    at        TEXT NOT NULL,
    order_id  TEXT,
    broker_id TEXT,
    owner     TEXT NOT NULL DEFAULT 'owner',
    UNIQUE (account, id)
) STRICT;
CREATE INDEX fills_by_owner ON fills (owner);
CREATE INDEX fills_by_order ON fills (order_id);
CREATE INDEX fills_by_time ON fills (at);

CREATE TABLE positions (
    seq               INTEGER PRIMARY KEY,
    id                TEXT NOT NULL UNIQUE,
    account           TEXT NOT NULL,
    ticker            TEXT NOT NULL,
    book              TEXT NOT NULL,
    quantity          TEXT NOT NULL,
    average_price     TEXT NOT NULL,
    opened_at         TEXT NOT NULL,
    updated_at        TEXT NOT NULL,
    realised          TEXT NOT NULL,
    fees              TEXT NOT NULL,
    plan              TEXT NOT NULL,
    plan_order        TEXT,
    unprotected_since TEXT,
    unprotected_s     REAL NOT NULL,
    owner             TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX positions_open ON positions (seq) WHERE quantity <> '0';

CREATE TABLE notices (
    seq      INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    at       TEXT NOT NULL,
    kind     TEXT NOT NULL,
    key      TEXT NOT NULL,
    params   TEXT NOT NULL,
    lines    TEXT NOT NULL,
    about    TEXT NOT NULL,
    actions  TEXT NOT NULL,
    critical INTEGER NOT NULL CHECK (critical IN (0, 1)),
    card     TEXT NOT NULL,
    owner    TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX notices_by_owner ON notices (owner);

CREATE TABLE deliveries (
    surface   TEXT NOT NULL,
    notice_id TEXT NOT NULL,
    owner     TEXT NOT NULL DEFAULT 'owner',
    PRIMARY KEY (surface, notice_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE presses (
    id         TEXT PRIMARY KEY,
    person     TEXT NOT NULL,
    command    TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at    TEXT,
    owner      TEXT NOT NULL DEFAULT 'owner'
) STRICT;

CREATE TABLE tasks (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    command       TEXT NOT NULL,
    title         TEXT NOT NULL,
    arguments     TEXT NOT NULL,
    goal          TEXT NOT NULL,
    state         TEXT NOT NULL,
    started_at    TEXT NOT NULL,
    account       TEXT,
    ticker        TEXT,
    side          TEXT,
    asked         TEXT NOT NULL,
    done          TEXT NOT NULL,
    average_price TEXT,
    waits_for     TEXT NOT NULL,
    checkpoint    TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    due_at        TEXT,
    lease_until   TEXT,
    ended_at      TEXT,
    owner         TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX tasks_by_owner ON tasks (owner);
CREATE INDEX tasks_unfinished ON tasks (goal) WHERE state NOT IN ('DONE', 'STOPPED', 'FAILED', 'CANCELLED');

CREATE TABLE proposals (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    version     INTEGER NOT NULL,
    state       TEXT NOT NULL,
    alert       TEXT NOT NULL,
    account     TEXT NOT NULL,
    ticker      TEXT NOT NULL,
    side        TEXT NOT NULL,
    type        TEXT NOT NULL,
    quantity    TEXT NOT NULL,
    price       TEXT NOT NULL,
    stop        TEXT,
    targets     TEXT NOT NULL,
    risk        TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    checks      TEXT NOT NULL,
    chart_url   TEXT NOT NULL,
    picture     TEXT NOT NULL,
    answered_by TEXT,
    surface     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    order_ids   TEXT NOT NULL,
    owner       TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX proposals_by_owner ON proposals (owner);
CREATE INDEX proposals_unfinished ON proposals (seq) WHERE state IN ('open', 'snoozed', 'approved');

CREATE TABLE flags (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    owner TEXT NOT NULL DEFAULT 'owner'
) STRICT;

-- hash covers the row and the hash before it; desk keeps the head, so that a cut tail shows.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    actor   TEXT NOT NULL,
    surface TEXT NOT NULL,
    action  TEXT NOT NULL,
    about   TEXT NOT NULL,
    data    TEXT NOT NULL,
    hash    TEXT NOT NULL,
    owner   TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX audit_by_about ON audit (about);

CREATE TRIGGER audit_has_a_head AFTER INSERT ON audit BEGIN
    UPDATE desk SET audit_head = NEW.seq, audit_hash = NEW.hash;
END;
-- A REPLACE deletes without firing the trigger on DELETE, but it can only hit a number that is taken.
CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit WHEN NEW.seq <= (SELECT max(seq) FROM audit) BEGIN
    SELECT raise(ABORT, 'the audit trail only grows');
END;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT raise(ABORT, 'the audit trail is not changed');
END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN
    SELECT raise(ABORT, 'the audit trail is not deleted from');
END;
