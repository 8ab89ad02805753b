"""Long-running work as reconcile loops: what is left is computed from fills, steps are never replayed."""
