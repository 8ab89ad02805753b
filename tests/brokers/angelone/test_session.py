"""Logging in, and again: by whom, when, how often, and what is said where it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from brokers.angelone import access_of, open_broker
from brokers.angelone.client import Client
from brokers.angelone.limits import FUNDS, Limits
from brokers.angelone.session import INDIA, next_renewal
from core.clock import ManualClock
from core.ports import Clock, World
from core.values.accounts import Account, Mode
from core.values.errors import Broken, OutcomeUnknown, Rejected
from core.values.ids import AccountName
from core.values.market import Quote
from core.values.orders import Side
from tests.brokers.angelone.harness import AngelOneHarness, account_settings, connected
from tests.brokers.wired import until
from tests.contracts.broker import Desk
from tests.hurried import TEN, Hurried
from tests.servers.angelone import AngelOneServer
from tests.servers.broker import hosting

TO_THE_OPEN = timedelta(minutes=45)
"""From half past eight."""


@asynccontextmanager
async def asking(server: AngelOneServer, clock: Clock, **changes: str) -> AsyncIterator[Client]:
    """A client without a broker around it."""
    access = access_of({**account_settings(server), **changes})
    client = Client(access, Limits.of(access.base_url, access.client_id, clock), clock)
    await client.open()
    try:
        yield client
    finally:
        await client.close()


# a session that is over


async def test_ao_04_an_order_on_a_session_that_is_over_is_placed_once(desk: Desk, server: AngelOneServer) -> None:
    """The venue wants a new login; the desk logs in by one-time code and sends the order, which is there once."""
    server.end_sessions()
    order, _ = await desk.buy(5, price=-2)
    assert len(server.made()) == 1
    assert len(server.used) == 2
    assert [t.order_id for t in await desk.on.broker.open_orders()] == [order.id]


async def test_ao_04_a_session_that_ends_in_the_middle_of_an_order_hides_nothing(
    desk: Desk, server: AngelOneServer
) -> None:
    """Accepted, its answer lost, and the session over: asked about after the next login, and never sent again."""
    request = desk.request(Side.BUY, 5, -2)
    server.script("accept_then_drop")
    with pytest.raises(OutcomeUnknown):
        await desk.send(request)
    server.end_sessions()
    assert (await desk.find(desk.journalled(request))).order_id == request.id
    assert len(server.made()) == 1


async def test_a_refresh_spares_the_one_time_code(desk: Desk, server: AngelOneServer) -> None:
    """While the refresh token is good, no login is needed."""
    server.end_session()
    await desk.buy(5, price=-2)
    assert (server.calls["loginByPassword"], server.calls["generateTokens"]) == (1, 1)


async def test_many_who_find_the_session_over_make_one_login(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """Questions of every kind at once, one code."""
    server.end_sessions()
    broker = harness.broker
    await asyncio.gather(broker.positions(), broker.margin(), broker.open_orders(), broker.cash())
    assert len(server.used) == 2


async def test_prices_come_by_the_new_session(harness: AngelOneHarness, server: AngelOneServer) -> None:
    """The streams of the old one are left, and what was watched is watched again."""
    heard: list[Quote] = []
    harness.broker.feed.listen(heard.append)
    await harness.broker.feed.watch("SBER")
    await until(lambda: heard)
    before = list(server._links)
    server.end_sessions()
    await harness.broker.margin()
    await until(lambda: len(server._links) == 2 and not set(before) & set(server._links))
    heard.clear()
    await until(lambda: any(link.tokens for link in server._links))
    await Desk(harness).book(-1, 2)
    await until(lambda: any(quote.ticker == "SBER" for quote in heard))


# the morning


@pytest.mark.parametrize(
    ("now", "renewed"),
    [
        ("2026-11-18 08:29", "2026-11-18 08:30"),
        ("2026-11-18 08:30", "2026-11-19 08:30"),
        ("2026-11-18 23:59", "2026-11-19 08:30"),
        ("2026-11-19 00:01", "2026-11-19 08:30"),
    ],
)
def test_the_next_session_is_due_before_the_pre_open(now: str, renewed: str) -> None:
    """At half past eight in India, whatever the day."""
    moment, expected = (datetime.fromisoformat(text).replace(tzinfo=INDIA) for text in (now, renewed))
    assert next_renewal(moment) == expected


async def test_a_session_that_dies_at_night_is_renewed_before_the_open(tmp_path: Path) -> None:
    """A hundred nights, every third of them with logins that fail at first: by a quarter past nine there is a session
    each morning, and the first order of the day needs no login."""
    clock = ManualClock(TEN)
    server, renewed = AngelOneServer(tmp_path / "ledger", clock), 0
    async with hosting(server), asking(server, clock) as client:
        await client.call(FUNDS)
        keeping = asyncio.create_task(client.session.keep())
        await asyncio.sleep(0)
        for night in range(100):
            server.away = 10 if night % 3 == 0 else 0
            morning = next_renewal(clock.now())
            await clock.advance((morning - clock.now()).total_seconds())
            while not server.logged_in() and clock.now() < morning + TO_THE_OPEN:
                await asyncio.sleep(0.001)  # the wire is real: only waiting lets an answer arrive
                await clock.advance(5)
            await clock.advance((morning + TO_THE_OPEN - clock.now()).total_seconds())
            logins = server.calls["loginByPassword"]
            await client.call(FUNDS)
            renewed += server.calls["loginByPassword"] == logins
        keeping.cancel()
    print(f"\n{renewed} of 100 sessions that died at night were renewed before the open")
    assert renewed == 100


async def test_streams_are_made_anew_in_the_morning(tmp_path: Path) -> None:
    """A desk that runs over half past eight follows its prices by the day's own session."""
    clock = Hurried(TEN - timedelta(hours=1, minutes=31))
    server = AngelOneServer(tmp_path / "ledger", clock)
    async with hosting(server), connected(server, clock):
        before = list(server._links)
        await until(lambda: len(server.used) == 2)
        await until(lambda: len(server._links) == 2 and not set(before) & set(server._links))


# what is wrong, and what to do about it


async def test_a_code_is_good_for_one_login(server: AngelOneServer, clock: Hurried) -> None:
    """Two desks of one client within half a minute: the second waits for the next code."""
    for _ in range(2):
        async with asking(server, clock) as client:
            await client.call(FUNDS)
    assert len(server.used) == 2


async def test_a_wrong_totp_secret_is_told_and_not_guessed_with(server: AngelOneServer, clock: Hurried) -> None:
    """Two codes are tried, then none for five minutes: the venue locks accounts."""
    server.secret = "MZXW6YTBOI2DCMRTGQ2TMNZYHE"
    async with asking(server, clock) as client:
        for _ in range(5):
            with pytest.raises(Rejected, match="totp_refused"):
                await client.call(FUNDS)
    assert server.calls["loginByPassword"] == 2


@pytest.mark.parametrize(("off_s", "side"), [(61, "ahead of"), (-61, "behind")])
async def test_a_clock_that_is_off_by_a_minute_is_told_by_how_much(
    server: AngelOneServer, off_s: int, side: str
) -> None:
    """The codes are those of another minute; the venue's own clock says why."""
    wrong = Hurried(TEN + timedelta(seconds=off_s), 1)
    server.clock = Hurried(TEN, 1)
    async with asking(server, wrong) as client:
        with pytest.raises(Rejected, match=rf"clock_off: this machine's clock is 6[0-2] s {side} the broker's"):
            await client.call(FUNDS)
    assert server.calls["loginByPassword"] == 1


async def test_an_expired_api_key_is_told_as_such(server: AngelOneServer, clock: Hurried) -> None:
    """Not as a wrong password."""
    server.key = "the new one"
    async with asking(server, clock) as client:
        with pytest.raises(Rejected, match="api_key_refused"):
            await client.call(FUNDS)


async def test_a_wrong_pin_is_tried_once(server: AngelOneServer, clock: Hurried) -> None:
    """A few of them lock the account."""
    async with asking(server, clock, password="9999") as client:
        for _ in range(3):
            with pytest.raises(Rejected, match="login_refused"):
                await client.call(FUNDS)
    assert server.calls["loginByPassword"] == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"totp_secret": "not base 32!"}, "totp_secret is not the text of letters and digits 2 to 7"),
        ({"totp_secret": "ABCDEFGH"}, "totp_secret is not the text"),
        ({"api_key": ""}, "api_key is missing"),
        ({"base_url": "http://example.org"}, "neither https, wss nor this machine"),
        ({"orders_url": "ws://example.org/orders"}, "neither https, wss nor this machine"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(changes: dict[str, str], words: str) -> None:
    """Before anything is connected to, by name and without a secret in it."""
    known = {"base_url": "https://e.org", "client_id": "A1", "api_key": "k", "password": "1", "totp_secret": "A" * 26}
    account = Account(AccountName("Testing"), "angelone", Mode.LIVE, "INR")
    with pytest.raises(Broken) as caught:
        open_broker(account, {**known, **changes}, World(Hurried(), Hurried()))
    assert words in str(caught.value)


def test_addresses_stand_beside_the_base_url() -> None:
    """The venue's own where it is the venue's own."""
    own = access_of({"base_url": "https://apiconnect.angelone.in"})
    assert own.stream == "wss://smartapisocket.angelone.in/smart-stream"
    other = access_of({"base_url": "http://127.0.0.1:7"})
    assert (other.stream, other.orders) == ("ws://127.0.0.1:7/smart-stream", "ws://127.0.0.1:7/smart-order-update")
    assert other.instruments == "http://127.0.0.1:7/OpenAPI_File/files/OpenAPIScripMaster.json"
