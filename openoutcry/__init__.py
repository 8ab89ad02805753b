"""The roof: command line, settings, the parts list. Builds the rooms and runs them; imported by nothing."""

__version__ = "0.1.0"
