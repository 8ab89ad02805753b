"""One alert of a link on each of its accounts: a row, a lane and derived order ids for every one of them."""

from __future__ import annotations

from dataclasses import replace

from core.services.receiving import Taker
from core.values.alerts import Alert, AlertStatus, Receipt
from core.values.links import Link


async def accept(taker: Taker, alert: Alert, link: Link) -> Receipt:
    """On disk for every account when this returns; the receipt is that of the link's own account.

    Raises Transient or Broken when not all could be written: the same alert once more writes what is missing.
    """
    receipt = await taker.accept(alert)
    if link.accounts and await _taken_up(taker, receipt):
        for share in link.accounts:
            await taker.accept(replace(alert, account=share.name), share=share.name)
    return receipt


async def _taken_up(taker: Taker, receipt: Receipt) -> bool:
    """Whether it trades, or did when it came first: what was ignored, stale or throttled then stays so everywhere."""
    if receipt.status is not AlertStatus.DUPLICATE:
        return receipt.status is AlertStatus.ACCEPTED
    first = await taker.first(receipt)
    return first is not None and first.status in {AlertStatus.ACCEPTED, AlertStatus.RECEIVED}
