"""What the desk does: services built from ports and rules."""
