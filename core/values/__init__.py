"""Floor 0: frozen dataclasses and enums. Standard library only; knows nothing above it."""
