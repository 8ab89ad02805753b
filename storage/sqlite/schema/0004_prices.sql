-- What the feeds said, kept for outside strategies: one row a ticker and moment, forgotten after a while.
CREATE TABLE prices (
    seq    INTEGER PRIMARY KEY,
    ticker TEXT NOT NULL,
    at     TEXT NOT NULL,
    bid    TEXT,
    ask    TEXT,
    last   TEXT,
    owner  TEXT NOT NULL DEFAULT 'owner'
) STRICT;
CREATE INDEX prices_by_ticker ON prices (ticker, seq);
CREATE INDEX prices_by_time ON prices (at);
