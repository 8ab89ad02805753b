"""Carbon's lines in both formats."""

from __future__ import annotations

from datetime import timedelta

import pytest

from targets.graphite import distributor_lines, seed_line, seed_lines
from targets.tcp import Tcp
from tests.targets.samples import BITCOIN, RAW, SENT_AT, line_server, raw

FRESH = SENT_AT + timedelta(minutes=1)
TIMEOUT = timedelta(minutes=15)


@pytest.mark.parametrize(("direction", "value"), [("BUY", 85), ("SELL", 15)])
def test_tv_10_buy_is_85_and_sell_is_15(direction: str, value: int) -> None:
    """One line, single spaces, the symbol with its colon, the sender's time as a true epoch."""
    line = seed_line(raw(direction=direction), FRESH, TIMEOUT)
    assert line == f"strat.LWMA.15.FXCM:EURUSD {value} 1717211777\n"


def test_tv_11_an_alert_older_than_the_timeout_is_50() -> None:
    """Up to the timeout it counts, beyond it no longer; the timeout is the settings'."""
    assert seed_line(RAW, SENT_AT + TIMEOUT, TIMEOUT).split()[1] == "85"
    assert seed_line(RAW, SENT_AT + TIMEOUT + timedelta(seconds=1), TIMEOUT).split()[1] == "50"
    assert seed_line(RAW, FRESH, timedelta(seconds=30)).split()[1] == "50"


@pytest.mark.parametrize("direction", ["CLOSE", "CLOSE ENTRY(S) ORDER LONG"])
def test_tv_12_a_closing_alert_is_50(direction: str) -> None:
    """It is neither red nor green."""
    assert seed_line(raw(direction=direction), FRESH, TIMEOUT).split()[1] == "50"


@pytest.mark.parametrize(
    "name",
    [
        "my strat",
        "a\nstrat.forged 1 2",
        "a.b",
        "a;tag=1",
        "../../etc",
        "a\tb",
        "a\x00b",
        "*",
        "\u0441\u0442\u0440",
        "\r",
    ],
)
def test_tv_14_no_name_can_forge_a_metric(name: str) -> None:
    """Whatever it holds, there is one line of three fields with a path of four parts."""
    for alert in (raw(name=name), raw(symbol=name)):
        line = seed_line(alert, FRESH, TIMEOUT)
        assert line.endswith("\n")
        assert line.count("\n") == 1
        path, _, _ = line[:-1].split(" ")
        assert len(path.split(".")) == 4
        assert path.isascii()
        for told in distributor_lines(alert).splitlines():
            assert len(told.split(" ")) == 3


def test_w_28_a_name_of_any_length_fits_into_a_files_name() -> None:
    """Carbon makes a file of each part."""
    assert len(seed_line(raw(name="x" * 10_000), FRESH, TIMEOUT)) < 255


@pytest.mark.parametrize(("direction", "value"), [("BUY", 1), ("SELL", -1), ("CLOSE ALL", 0)])
def test_tv_23_the_distributors_two_lines(direction: str, value: int) -> None:
    """Direction and price, the exchange a part of the path."""
    path = "tvt_agents.MyStrategy.BINANCE.BTCUSD.15"
    lines = distributor_lines(raw(**{n: getattr(BITCOIN, n) for n in ("name", "symbol", "price")}, direction=direction))
    assert lines == f"{path}.direction {value} 1717211777\n{path}.price 60000.5 1717211777\n"


def test_tv_23_without_a_price_there_is_one_line() -> None:
    """Alerts of the older generation have none."""
    assert distributor_lines(raw(price=None)).count("\n") == 1


async def test_tv_24_a_listener_gets_the_lines() -> None:
    """Over TCP, judged at the moment of writing."""
    async with line_server() as carbon:
        target = Tcp("carbon", "127.0.0.1", carbon.port, seed_lines(lambda: FRESH, TIMEOUT))
        await target.send(RAW)
        assert await carbon.some(1) == ["strat.LWMA.15.FXCM:EURUSD 85 1717211777\n"]
        await target.close()
