"""The hub's alerts trade only where a link of the desk's owner names their strategy: then as if they came by it."""

from __future__ import annotations

from dataclasses import replace

from core.services.intake import Intake
from core.services.links import Links
from core.services.sharing import accept
from core.values.alerts import Alert, Source


class HubLinks:
    def __init__(self, intake: Intake, links: Links) -> None:
        self._intake = intake
        self._links = links

    async def take(self, alert: Alert, content: str) -> None:
        """Equal content is one alert a link, however often it comes. Raises Transient or Broken: not kept."""
        for link in self._links.of_strategy(alert.strategy):
            by_link = replace(
                alert,
                source=Source.HOOK,
                body=content,
                link=link.id,
                account=link.account,
                owner=link.owner,
                approval="ask" if link.ask else "none",
            )
            await accept(self._intake, by_link, link)
