-- The hub's screen and the list of what was to be traded: each reads its own newest, whatever came between.
CREATE INDEX alerts_of_hub ON alerts (seq) WHERE source = 'hub';
CREATE INDEX alerts_to_trade ON alerts (seq) WHERE source <> 'hub';
