"""The class that strategies inherit from (behaviour.md 4.5). It is asked on every update and says what it wants."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from core.ports.strategies import Environment
from core.values.money import Price


class AbstractStrategy(ABC):
    """Set `bought` once there is something to sell. `env.bid`, `env.offer` and `stop_running` are all it can do."""

    name: ClassVar[str]
    experimental: ClassVar[bool] = False

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.bought = env.held != 0

    @abstractmethod
    def buy_logic(self) -> None:
        """On each update until `bought`."""

    @abstractmethod
    def sell_logic(self) -> None:
        """On each update from then on."""

    def stop_running(self) -> None:
        """No call comes after this one; what stands is cancelled, what is held is closed."""
        self.env.over = True

    def quiet(self) -> tuple[Price, datetime] | None:
        """Unless it says otherwise, a strategy wants to be asked at every price."""
        return None

    def make_execution_result(self) -> Mapping[str, str]:
        return {}
