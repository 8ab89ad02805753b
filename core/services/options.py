"""Finding the option that a link's rule means in the market of now."""

from __future__ import annotations

from core.rules.options import options_of, pick_option
from core.services.desk import Desk
from core.values.accounts import Account
from core.values.instrument import Instrument
from core.values.links import Link


class Options:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def find(self, link: Link, account: Account, underlying: str, *, call: bool) -> Instrument | None:
        """What BUY_CALL and SELL_PUT buy; None where the rule names nothing that the account trades."""
        if link.option is None:
            return None
        symbol = underlying.rpartition(":")[2]
        quote = self._desk.venues[account.name].feed.quote(symbol)
        options = options_of(self._desk.directory.instruments(account.name), symbol)
        last = None if quote is None else quote.last
        return pick_option(options, link.option, call=call, last=last, now=self._desk.clock.now())
