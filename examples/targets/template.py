"""Everything a target may have; only `send` and the factory are needed. Copy, rename, delete what you do not use."""

from __future__ import annotations

from typing import Any


class Formatter:
    """Makes of an alert what `send` gets. Without a formatter that is the alert itself."""

    def format(self, alert: Any) -> str:
        return f"{alert.direction} {alert.symbol} at {alert.price} said {alert.name}, {alert.interval} min"


class Template:
    """Its docstring is what `openoutcry show targets --verbose` prints."""

    formatter = Formatter()

    def open(self) -> None:
        """Connect. Called first. An error here leaves the target out."""

    async def send(self, text: str) -> int:
        """Async or plain. An error drops this alert and is counted; it may take ten seconds before others queue up."""
        return len(text)

    def on_complete(self, result: int) -> None:
        """What `send` returned."""

    def on_error(self, error: Exception) -> None:
        """What `send` raised."""

    def close(self) -> None:
        """Called last, after what waited was sent."""


def create_template_target() -> Template:
    return Template()
