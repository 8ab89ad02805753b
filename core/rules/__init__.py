"""Floor 1: pure functions that judge. Values in, values out; no clock, no store, no network."""
