"""An alert's way through the desk to the paper broker and back."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from core.values.alerts import AlertKind, AlertStatus
from core.values.orders import OrderRole, OrderState, OrderType, Side
from tests.desk import TESTING, TestDesk, an_alert, levels, opened, price, turns

D = Decimal
PROTECTED = ["sell limit 0.5 41000", "sell stop 0.5 39800"]


async def test_le_12_an_entry_risks_one_percent(desk: TestDesk) -> None:
    """10000, 1 %, 40000 with stop 39800: half a coin."""
    await desk.enter()
    assert await desk.holds() == {"BTCPERP": D("0.5")}


@pytest.mark.parametrize(("risk", "size"), [("1", "0.5"), ("0.5", "0.25"), ("2", "1")])
async def test_le_07_the_risk_is_the_accounts_own(data_dir: Path, risk: str, size: str) -> None:
    """In percent: 1 is a hundredth of its free money."""
    async with opened(data_dir, account={"risk_percent": risk}) as desk:
        await desk.enter()
        assert await desk.holds() == {"BTCPERP": D(size)}


async def test_le_08_an_order_is_for_what_the_exchange_calls_it(data_dir: Path) -> None:
    """The chart's BTCUSDT.P on Bybit is BTCPERP here; on another exchange nobody knows it."""
    async with opened(data_dir, tickers={"bybit": {"BTCUSDT.P": "BTCPERP"}}) as desk:
        await desk.enter(ticker="BTCUSDT.P", exchange="BYBIT")
        assert {o.request.ticker for o in await desk.orders()} == {"BTCPERP"}
        record = await desk.enter(ticker="BTCUSDT.P", exchange="BINANCE")
        assert record.reason == "unknown_ticker"


async def test_le_10_an_entry_flattens_the_other_side_first(desk: TestDesk) -> None:
    """A short is closed, with its orders, before the long is opened."""
    await desk.enter(Side.SELL)
    await desk.enter(Side.BUY)
    by_role = [(o.request.role.value, o.request.side.value) for o in await desk.orders()]
    assert by_role == [
        ("entry", "sell"), ("stop", "buy"), ("target", "buy"),
        ("exit", "buy"),
        ("entry", "buy"), ("stop", "sell"), ("target", "sell"),
    ]  # fmt: skip
    assert await desk.holds() == {"BTCPERP": D("0.499")}
    assert await desk.at_broker() == ["sell limit 0.499 41000", "sell stop 0.499 39800"]


async def test_le_10_an_entry_flattens_its_own_side_too(desk: TestDesk) -> None:
    """A new signal replaces the old position, it does not add to it."""
    await desk.enter()
    await desk.enter()
    [exit_order] = await desk.orders(OrderRole.EXIT)
    assert (exit_order.request.side, exit_order.filled) == (Side.SELL, D("0.5"))
    assert len(await desk.at_broker()) == 2
    assert len(desk.positions()) == 1


async def test_le_10_an_entry_waits_for_the_fills_of_the_one_before(tmp_path: Path) -> None:
    """The broker has said "filled" and its fills are still on their way: the new entry is not netted against them."""
    async with opened(tmp_path, listening=False) as desk:
        await desk.enter(Side.BUY)
        await desk.let_in(
            an_alert(AlertKind.ENTRY, desk.now, side=Side.SELL, price=price("40000"), short=levels("40200"))
        )
        await desk.wait(5)
        sides = [(o.request.role.value, o.request.side.value) for o in await desk.orders() if o.filled]
        assert sides == [("entry", "buy"), ("exit", "sell"), ("entry", "sell")]
        assert await desk.at_broker() == ["buy stop 0.499 40200"]


async def test_le_10_an_entry_takes_the_place_of_one_that_rests(desk: TestDesk) -> None:
    """A limit entry that nobody has met yet is cancelled: two signals do not add up."""
    await desk.limit("39500", long=levels("39300"))
    await desk.enter(Side.SELL)
    assert desk.live(OrderRole.ENTRY) == []


async def test_le_11_no_entry_where_the_old_position_could_not_be_closed(desk: TestDesk) -> None:
    """The exit is refused: the old position stays, protected, and nothing is opened."""
    await desk.enter()
    desk.broker().script("refuse")
    record = await desk.enter(Side.SELL)
    assert (record.done, record.reason) == (True, "flatten_failed")
    assert len(await desk.orders(OrderRole.ENTRY)) == 1
    assert await desk.at_broker() == PROTECTED


async def test_le_15_the_stop_comes_first(desk: TestDesk) -> None:
    """Order of arrival at the broker: stop, entry, target."""
    await desk.enter()
    sent = [row.row for row in reversed((await desk.engine.store.audit(1000)).items) if row.row.action == "order.sent"]
    assert [row.data["role"] for row in sent] == ["stop", "entry", "target"]


async def test_le_16_a_refused_stop_ends_it(desk: TestDesk) -> None:
    """No entry without its stop."""
    desk.broker().script("refuse")
    record = await desk.enter()
    assert record.reason == "stop_not_placed"
    assert [(o.request.role, o.state) for o in await desk.orders()] == [
        (OrderRole.ENTRY, OrderState.CANCELLED),
        (OrderRole.STOP, OrderState.REJECTED),
    ]
    assert (await desk.at_broker(), await desk.holds()) == ([], {})


async def test_w_22_a_stop_does_not_outlive_its_refused_entry(desk: TestDesk) -> None:
    """It would close what people open by hand."""
    await desk.limit("39000", long=levels("38900", "41000"))
    [entry] = desk.live(OrderRole.ENTRY)
    assert await desk.at_broker() == ["buy limit 1 39000", "sell stop 1 38900"]
    await desk.broker().cancel(entry)
    await desk.settle()
    assert await desk.at_broker() == []


async def test_w_22_a_stop_does_not_outlive_an_entry_that_the_broker_refuses(desk: TestDesk) -> None:
    """The stop stands already when the no comes."""
    desk.broker().script("delay", seconds=1)
    desk.broker().script("refuse")
    await desk.let_in(an_alert(AlertKind.ENTRY, desk.now, side=Side.BUY, price=price("40000"), long=levels("39800")))
    await desk.wait(2)
    await desk.settle()
    assert [o.state for o in await desk.orders(OrderRole.ENTRY)] == [OrderState.REJECTED]
    assert await desk.at_broker() == []


async def test_le_17_an_entry_is_at_market_unless_it_says_limit(desk: TestDesk) -> None:
    """Without a price of its own."""
    await desk.enter()
    [entry] = await desk.orders(OrderRole.ENTRY)
    assert (entry.request.type, entry.request.price) == (OrderType.MARKET, None)


async def test_le_18_a_limit_entry_has_its_target_after_the_fill(desk: TestDesk) -> None:
    """Until then only the stop waits beside it."""
    await desk.limit("39500", long=levels("39300", "41000"))
    assert await desk.at_broker() == ["buy limit 0.5 39500", "sell stop 0.5 39300"]
    await desk.book("39499", "39500")
    assert await desk.at_broker() == ["sell limit 0.5 41000", "sell stop 0.5 39300"]


async def test_le_20_the_target_is_a_limit_order_that_only_reduces(desk: TestDesk) -> None:
    """So it cannot turn the position."""
    await desk.enter()
    [target] = await desk.orders(OrderRole.TARGET)
    assert (target.request.type, target.request.reduce_only) == (OrderType.LIMIT, True)


async def test_le_20_no_target_no_order(desk: TestDesk) -> None:
    """An entry with a stop alone."""
    await desk.enter(long=levels("39800"))
    assert await desk.at_broker() == ["sell stop 0.5 39800"]


async def test_le_23_a_short_is_the_mirror(desk: TestDesk) -> None:
    """Stop above, target below, both buy."""
    await desk.enter(Side.SELL)
    assert await desk.at_broker() == ["buy limit 0.5 39000", "buy stop 0.5 40200"]
    await desk.book("38999", "39000")
    assert (await desk.holds(), await desk.at_broker()) == ({}, [])


async def test_le_25_an_exit_closes_exactly_and_leaves_others_alone(desk: TestDesk) -> None:
    """Its symbol is flat and clean, the other one keeps position and orders."""
    await desk.enter()
    await desk.enter(ticker="ETHPERP", price=price("3200"), long=levels("3100", "3500"))
    eth = (await desk.holds())["ETHPERP"]
    await desk.exit()
    [order] = await desk.orders(OrderRole.EXIT)
    assert (order.request.type, order.request.side, order.filled) == (OrderType.MARKET, Side.SELL, D("0.5"))
    assert order.request.reduce_only
    assert await desk.holds() == {"ETHPERP": eth}
    assert await desk.at_broker() == [f"sell limit {eth} 3500", f"sell stop {eth} 3100"]


async def test_le_25_an_exit_cancels_entries_at_work(desk: TestDesk) -> None:
    """A limit entry that fills after the exit would be a position nobody wants."""
    await desk.limit("39500", long=levels("39300"))
    await desk.exit()
    assert await desk.at_broker() == []
    assert [o.state for o in await desk.orders(OrderRole.ENTRY)] == [OrderState.CANCELLED]


async def test_le_26_an_exit_when_flat_does_nothing(desk: TestDesk) -> None:
    """No order, no refusal."""
    record = await desk.exit()
    assert (record.done, record.reason, await desk.orders()) == (True, "", [])


async def test_an_exit_goes_on_until_the_position_is_gone(desk: TestDesk) -> None:
    """The first order finds 0.3 on the other side and ends; a book of 0.2 more takes the next one."""
    await desk.enter()
    desk.engine.market.set_book("BTCPERP", D(40000), D(40001), D("0.3"), None)
    await desk.let_in(an_alert(AlertKind.EXIT, desk.now))
    await desk.settle()
    assert desk.position.position.quantity == D("0.2")
    assert await desk.refusals() == ["exit_refused"]
    assert "sell stop 0.2 39800" in await desk.at_broker()
    await desk.book("40000", "40001")
    await desk.exit()
    assert (await desk.holds(), await desk.at_broker()) == ({}, [])


async def test_le_27_breakeven_moves_the_stop(desk: TestDesk) -> None:
    """One stop at the breakeven price, the old one gone, the target as it was."""
    await desk.enter()
    await desk.book("40500", "40501")
    record = await desk.breakeven()
    assert record.reason == ""
    assert await desk.at_broker() == ["sell limit 0.5 41000", "sell stop 0.5 40100"]


async def test_le_27_breakeven_of_a_short(desk: TestDesk) -> None:
    """By the short's own level."""
    await desk.enter(Side.SELL)
    await desk.book("39500", "39501")
    await desk.breakeven()
    assert await desk.at_broker() == ["buy limit 0.5 39000", "buy stop 0.5 39900"]


async def test_le_27_breakeven_never_worsens_a_stop(desk: TestDesk) -> None:
    """A lower level for a long leaves the stop where it is."""
    await desk.enter()
    await desk.book("40500", "40501")
    await desk.breakeven()
    await desk.breakeven(long=levels(breakeven="40050"))
    assert await desk.at_broker() == ["sell limit 0.5 41000", "sell stop 0.5 40100"]


async def test_le_27_breakeven_beyond_the_market_is_refused(desk: TestDesk) -> None:
    """It would fire at once; the old stop stays."""
    await desk.enter()
    record = await desk.breakeven()
    assert record.reason == "stop_crossed"
    assert await desk.at_broker() == PROTECTED


async def test_le_27_breakeven_without_a_position_does_nothing(desk: TestDesk) -> None:
    """Success, no order."""
    record = await desk.breakeven()
    assert (record.reason, await desk.orders()) == ("", [])


async def test_breakeven_needs_a_level_for_the_side(desk: TestDesk) -> None:
    """A long with a short's level."""
    await desk.enter()
    record = await desk.breakeven(long=levels())
    assert record.reason == "no_breakeven"


async def test_le_29_an_informational_message_is_told(desk: TestDesk) -> None:
    """tp2: people read it, nothing is ordered."""
    record = await desk.take(an_alert(AlertKind.INFO, desk.now, message="tp2"))
    assert (record.done, await desk.orders()) == (True, [])
    [notice] = await desk.notices("alert.told")
    assert notice.params["message"] == "tp2"


async def test_le_37_the_same_alert_twice_is_one_position(desk: TestDesk) -> None:
    """Also when both come at the same moment."""
    alert = an_alert(AlertKind.ENTRY, desk.now, side=Side.BUY, price=price("40000"), long=levels("39800"))
    receipts = await asyncio.gather(desk.engine.intake.accept(alert), desk.engine.intake.accept(alert))
    await desk.settle()
    assert sorted(r.status for r in receipts) == [AlertStatus.ACCEPTED, AlertStatus.DUPLICATE]
    assert len(await desk.orders(OrderRole.ENTRY)) == 1
    assert await desk.holds() == {"BTCPERP": D("0.5")}


async def test_le_13_too_much_leverage_is_refused(desk: TestDesk) -> None:
    """A stop 10 away would need ten times the money: no order row, people are told."""
    record = await desk.enter(long=levels("39990"))
    assert (record.reason, await desk.orders()) == ("over_leverage", [])
    assert await desk.refusals() == ["over_leverage"]


async def test_le_13_or_capped_where_the_settings_say_so(data_dir: Path) -> None:
    """At leverage 5 of what the market asks: 50000 / 40000.5, on the step."""
    async with opened(data_dir, risk={"over_leverage": "cap"}) as desk:
        await desk.enter(long=levels("39990"))
        [entry] = await desk.orders(OrderRole.ENTRY)
        assert entry.request.quantity == D("1.249")


async def test_an_entry_whose_stop_the_market_has_passed_is_refused(desk: TestDesk) -> None:
    """Before the old position is touched."""
    await desk.enter()
    await desk.book("39900", "39901")
    record = await desk.enter(long=levels("39950", "41000"))
    assert record.reason == "stop_crossed"
    assert await desk.orders(OrderRole.EXIT) == []


async def test_a_stop_that_rounds_onto_the_price_is_refused(desk: TestDesk) -> None:
    """On ticks of a half a limit of 39000.7 goes down to 39000.5, a stop of 39000.4 up to it."""
    record = await desk.limit("39000.7", long=levels("39000.4"))
    assert (record.reason, await desk.orders()) == ("stop_at_price", [])


async def test_prices_are_rounded_to_the_safe_side(desk: TestDesk) -> None:
    """A buyer's limit down, the stop up, the target down."""
    await desk.limit("39500.3", long=levels("39300.1", "41000.4"))
    [entry] = await desk.orders(OrderRole.ENTRY)
    assert entry.request.plan is not None
    assert (entry.request.price, entry.request.plan.stop, entry.request.plan.target) == (
        D(39500), D("39300.5"), D(41000),
    )  # fmt: skip


async def test_le_11_an_exit_in_doubt_is_not_sent_a_second_time(data_dir: Path) -> None:
    """A broker whose ids mean nothing lost it: it may still come, so no other exit and no entry follow."""
    async with opened(data_dir, account={"dialect": "binance"}) as desk:
        await desk.enter()
        desk.broker().script("drop")
        alert_id = await desk.let_in(
            an_alert(AlertKind.ENTRY, desk.now, side=Side.SELL, price=price("40000"), short=levels("40200"))
        )
        await desk.wait(25)
        await desk.settle()
        assert (await desk.record(alert_id)).reason == "flatten_failed"
        assert [o.state for o in await desk.orders(OrderRole.EXIT)] == [OrderState.UNKNOWN]
        assert len(await desk.orders(OrderRole.ENTRY)) == 1
        assert "sell stop 0.5 39800" in await desk.at_broker()


async def test_an_exit_waits_for_an_entry_that_nobody_knows_of(desk: TestDesk) -> None:
    """The entry arrived, its answer did not: the exit closes what it made."""
    desk.broker().script("delay", seconds=1)
    desk.broker().script("accept_then_drop")
    await desk.let_in(an_alert(AlertKind.ENTRY, desk.now, side=Side.BUY, price=price("40000"), long=levels("39800")))
    await desk.let_in(an_alert(AlertKind.EXIT, desk.now))
    await desk.wait(3)
    await desk.settle()
    assert [o.state for o in await desk.orders(OrderRole.ENTRY)] == [OrderState.FILLED]
    assert (await desk.holds(), await desk.at_broker()) == ({}, [])


async def test_an_exit_waits_until_a_lost_entry_is_known_to_be_none(data_dir: Path) -> None:
    """The entry never arrived; since an exit came it is not sent again, and then all is clear."""
    async with opened(data_dir, account={"dialect": "alpaca"}) as desk:
        desk.broker().script("drop")
        await desk.enter()
        alert_id = await desk.let_in(an_alert(AlertKind.EXIT, desk.now))
        await desk.wait(18)
        await desk.settle()
        record = await desk.record(alert_id)
        assert (record.done, record.reason) == (True, "")
        assert [o.state for o in await desk.orders()] == [OrderState.EXPIRED]
        assert (await desk.holds(), await desk.at_broker()) == ({}, [])


async def test_le_15_where_a_stop_cannot_wait_it_follows_the_fill(data_dir: Path) -> None:
    """A venue that takes no reduce-only order before there is a position: the entry goes first, the stop at once."""
    async with opened(data_dir, account={"dialect": "bybit"}) as desk:
        await desk.enter()
        sent = [o.request.role for o in sorted(await desk.orders(), key=lambda order: order.at)]
        assert sent[0] is OrderRole.ENTRY
        assert "sell stop 0.5 39800" in await desk.at_broker()


async def test_each_account_trades_its_own(data_dir: Path) -> None:
    """Two accounts on one broker."""
    other = {"name": "Other", "broker": "paper", "cash": "20000"}
    async with opened(data_dir, more_accounts=[other]) as desk:
        await desk.enter()
        await desk.enter(account="other")
        assert (await desk.holds(), await desk.holds("Other")) == ({"BTCPERP": D("0.5")}, {"BTCPERP": D(1)})
        await desk.exit(account="OTHER")
        assert (await desk.holds(), await desk.holds("Other")) == ({"BTCPERP": D("0.5")}, {})


async def test_w_21_alerts_for_two_accounts_at_once_trade_each_its_own(data_dir: Path) -> None:
    """Money, risk and leverage of one are never the other's, however their work interleaves."""
    other = {"name": "Other", "broker": "paper", "cash": "20000", "risk_percent": "0.5", "leverage_max": 1}
    async with opened(data_dir, more_accounts=[other]) as desk:
        known = {"side": Side.BUY, "price": price("40000"), "long": levels("39000")}
        alerts = [an_alert(AlertKind.ENTRY, desk.now, account=name, **known) for name in (TESTING, "Other")]
        await asyncio.gather(*map(desk.let_in, alerts))
        await desk.settle()
        assert (await desk.holds(), await desk.holds("Other")) == ({"BTCPERP": D("0.1")}, {"BTCPERP": D("0.1")})
        assert {(o.request.account, o.request.owner) for o in await desk.orders()} == {
            (TESTING, "owner"),
            ("Other", "owner"),
        }


async def test_w_23_an_exit_of_one_symbol_leaves_the_stop_of_another(desk: TestDesk) -> None:
    """Nothing is cancelled for the whole account."""
    await desk.limit("3100", ticker="ETHPERP", long=levels("3000", "3500"))
    others = await desk.at_broker()
    await desk.enter()
    await desk.exit()
    assert await desk.at_broker() == others
    assert len(others) == 2


async def test_w_24_the_step_is_the_instruments_own(desk: TestDesk) -> None:
    """A coin's thousandth is no step of a share that is traded by tens."""
    await desk.enter(ticker="SBER", price=price("300"), long=levels("297.7"))
    assert await desk.holds() == {"SBER": D(40)}


@pytest.mark.parametrize("account", [None, "testing"])
async def test_an_alert_and_the_guardian_never_work_at_once(desk: TestDesk, account: str | None) -> None:
    """However the alert names the account, it works in the lane of its instrument."""
    desk.broker().script("delay", seconds=1)
    await desk.let_in(
        an_alert(AlertKind.ENTRY, desk.now, side=Side.BUY, price=price("40000"), long=levels("39800"), account=account)
    )
    worked: list[str] = []

    async def look() -> None:
        worked.append("guardian")

    desk.engine.lanes.add((TESTING, "BTCPERP"), look)
    await turns()
    await desk.breathe()
    assert worked == []
    await desk.wait(2)
    await desk.settle()
    assert worked == ["guardian"]
