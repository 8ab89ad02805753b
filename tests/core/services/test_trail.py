"""The audit trail: whatever happened to an order or was typed is in the chain, and the chain holds."""

from __future__ import annotations

from core.values.orders import OrderRole, Side
from tests.desk import TestDesk, levels, price


async def test_i_22_every_state_of_every_order_is_in_the_chain(desk: TestDesk) -> None:
    """Through entries, exits, a moved stop, a kill and a refusal; and from each order to who caused it."""
    await desk.enter()
    await desk.enter(Side.SELL)
    await desk.book("39500", "39501")
    await desk.breakeven()
    desk.broker().script("refuse")
    await desk.exit()
    await desk.exit()
    await desk.say("/buy 10 SBER")
    await desk.say("/kill")
    store = desk.engine.store
    for order in await desk.orders():
        told = [row.row.action for row in await store.audit_about(order.id)]
        assert told[0] == "order.intended"
        assert told[-1] == f"order.{order.state.value.lower()}"
        assert order.request.because
    assert await store.verify_audit() is None


async def test_one_intent_names_a_trades_whole_life(desk: TestDesk) -> None:
    """Entry, stop, target and what replaced them carry the alert's id."""
    record = await desk.enter()
    await desk.book("40500", "40501")
    await desk.breakeven()
    assert {str(o.request.intent) for o in await desk.orders()} == {str(record.id)}
    assert {o.id for o in await desk.orders()} == set((await desk.record(record.id)).order_ids)


async def test_i_4_positions_are_the_sum_of_fills_and_what_the_broker_holds(desk: TestDesk) -> None:
    """After a busy hour."""
    for number in range(6):
        side = Side.BUY if number % 3 else Side.SELL
        await desk.enter(side, ticker="ETHPERP", price=price("3200"), long=levels("3100"), short=levels("3300"))
        await desk.enter(side, long=levels("39000"), short=levels("41000"))
    sums = {t: sum(f.signed for f in await desk.fills() if f.ticker == t) for t in ("ETHPERP", "BTCPERP")}
    assert {v.position.ticker: v.position.quantity for v in desk.positions()} == sums == await desk.holds()
    assert {o.request.role for o in desk.live()} == {OrderRole.STOP}
    assert len(desk.live()) == 2
