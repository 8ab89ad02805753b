"""Once a day: ask every account's broker again what it lists. People's own lists are not touched by it.

An instrument that is listed no longer takes no new orders, but stays known here as long as an order or a position of
it lives: somebody must still be able to close it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from core.services.desk import Desk, Venue
from core.values.errors import Rejected, Transient
from core.values.instrument import Instrument

log = logging.getLogger(__name__)

TRIES = 5
PAUSE_S = 60.0


async def refresh(desk: Desk) -> list[str]:
    """Every account's instruments anew; the tickers that are gone. One broker that is away leaves the others alone."""
    gone: list[str] = []
    for venue in list(desk.venues.values()):
        try:
            gone += await _refreshed(desk, venue)
        except (Transient, Rejected) as error:
            log.warning("instruments not refreshed", extra={"account": venue.account.name, "reason": str(error)})
    return gone


async def _refreshed(desk: Desk, venue: Venue) -> list[str]:
    account = venue.account
    listed = await _asked(desk, venue)
    names = {instrument.ticker for instrument in listed}
    dropped = [known for known in desk.directory.instruments(account.name) if known.ticker not in names]
    needed = {order.request.ticker for order in desk.ledger.live(account.name)}
    needed |= {ticker for name, ticker, _ in desk.ledger.positions if name == account.name}
    desk.directory.put(account, [*(known for known in dropped if known.ticker in needed), *listed])
    if dropped:
        tickers = ", ".join(known.ticker for known in dropped)
        log.info("no longer listed", extra={"account": account.name, "tickers": tickers})
    return [known.ticker for known in dropped]


async def _asked(desk: Desk, venue: Venue) -> Sequence[Instrument]:
    for _ in range(TRIES - 1):
        try:
            return await venue.broker.instruments()
        except Transient:
            await desk.wire.sleep(PAUSE_S)
    return await venue.broker.instruments()
