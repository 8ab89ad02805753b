"""Pictures: one drawing model (core.values.charts) becomes a PNG, drawn in a process of its own."""
