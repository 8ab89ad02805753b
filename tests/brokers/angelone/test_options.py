"""Options by link: which of the venue's chain an alert means, and what is said where there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from core.services.options import Options
from core.values.ids import LinkId
from core.values.instrument import Instrument
from core.values.links import Link, OptionRule
from core.values.orders import OrderRole
from tests.brokers.angelone.house import House, trading
from tests.brokers.wired import until
from tests.desk import TESTING
from tests.hurried import TEN, Hurried
from tests.servers import angelone_json as say
from tests.servers.angelone import AngelOneServer

NEAREST = say.expiry(TEN, 0)
LINK = Link(LinkId("l"), "Trend", TESTING, "SuperTrend", TEN, "hash", option=OptionRule())


@pytest.fixture
async def house(tmp_path: Path, server: AngelOneServer, clock: Hurried) -> AsyncIterator[House]:
    async with trading(tmp_path / "d", server, clock) as house:
        await server.index(Decimal("25080.00"))
        await until(lambda: house.engine.desk.venues[TESTING].feed.quote("NIFTY"))
        yield house


def found(house: House, rule: OptionRule, *, call: bool = True) -> Instrument | None:
    account = house.engine.desk.venues[TESTING].account
    return Options(house.engine.desk).find(replace(LINK, option=rule), account, "NSE:NIFTY", call=call)


async def test_w_45_a_link_without_a_strike_means_the_one_at_the_market(house: House) -> None:
    """The index is at 25080: the strike of 25100, of the nearest expiry; a put for SELL_PUT."""
    for call in (True, False):
        option = found(house, OptionRule(), call=call)
        assert option is not None
        assert (option.strike, option.call, option.expires_at) == (Decimal(25100), call, NEAREST)


@pytest.mark.parametrize(
    "rule", [OptionRule(strike=Decimal(25050)), OptionRule(expiry=date(2026, 11, 25)), OptionRule(strike=Decimal(1))]
)
async def test_w_45_an_unknown_strike_is_no_option(house: House, rule: OptionRule) -> None:
    """Nothing near is taken for it: the door answers no_option (tests/dashboard/test_links.py)."""
    assert found(house, rule) is None


async def test_an_option_is_bought_in_whole_lots(house: House, server: AngelOneServer) -> None:
    """Sized by risk, down to lots of 65, with a stop at the broker on ticks of five paise."""
    option = found(house, OptionRule())
    assert option is not None
    await house.enter(option.ticker, at="120", stop="100", target="160")
    await until(lambda: house.protected_by() == "broker")
    [entry] = await house.orders(OrderRole.ENTRY)
    assert entry.request.quantity % 65 == 0
    body, stop = server.bodies
    assert (body["exchange"], body["price"], stop["triggerprice"], stop["price"]) == ("NFO", "121.25", "100", "99")
