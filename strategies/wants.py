"""What a strategy asks of models before it trades a symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Wants:
    """must: those that may not fail. weights: those that count, by name; together 1."""

    must: frozenset[str] = frozenset()
    weights: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return self.must | self.weights.keys()


NOTHING = Wants()
