"""What every journal promises about what people look for in it: orders, fills, closed positions, equity."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from core.ports import Store
from core.values.accounts import DayEquity
from core.values.changes import EquityKept, FillTaken, OrderMade, PositionSet
from core.values.ids import AccountName, OrderId, UserId
from core.values.orders import Side
from core.values.pages import Sought
from tests.contracts.samples import DEMO, NOON, fill, later, order, position

OTHER = AccountName("Other")
ANN = UserId("ann")


def equity(days: int, amount: str, account: AccountName = DEMO, owner: str = "owner") -> EquityKept:
    return EquityKept(DayEquity(account, NOON + timedelta(days=days), Decimal(amount), "USD", UserId(owner)))


class HistoryContract:
    async def test_orders_are_found_by_what_is_asked(self, store: Store) -> None:
        """Time, account, ticker, side and mode, each alone and together; page by page."""
        await store.save(
            OrderMade(order("a")),
            OrderMade(replace(order("b", side=Side.SELL), at=later(60))),
            OrderMade(replace(order("c", account=OTHER, ticker="GAZP"), at=later(120), paper=False)),
        )

        async def found(**asked: object) -> str:
            page = await store.orders_sought(Sought(**asked), 10)  # type: ignore[arg-type] # each named below
            return "".join(each.id for each in page.items)

        assert await found() == "cba"
        assert await found(start=later(60)) == "cb"
        assert await found(end=later(60)) == "a"
        assert await found(account="other") == "c"
        assert await found(ticker="sber", side=Side.SELL) == "b"
        assert await found(paper=False) == "c"
        assert await found(paper=True, side=Side.BUY) == "a"
        first = await store.orders_sought(Sought(ticker="SBER"), 1)
        rest = await store.orders_sought(Sought(ticker="SBER"), 1, first.next)
        assert [each.id for each in [*first.items, *rest.items]] == ["b", "a"]
        assert (await store.orders_sought(Sought(), 10, None, ANN)).items == []

    async def test_fills_are_found_by_what_is_asked(self, store: Store) -> None:
        """Their mode is that of the order they belong to."""
        await store.save(OrderMade(replace(order("a"), paper=False)))
        await store.save(FillTaken(fill("1", order_id=OrderId("a"))), FillTaken(fill("2", at=later(60))))
        assert [f.id for f in (await store.fills_sought(Sought(), 10)).items] == ["2", "1"]
        assert [f.id for f in (await store.fills_sought(Sought(paper=False), 10)).items] == ["1"]
        assert [f.id for f in (await store.fills_sought(Sought(start=later(1)), 10)).items] == ["2"]

    async def test_closed_positions_come_by_the_moment_they_were_closed(self, store: Store) -> None:
        """Open ones, earlier ones and other people's are left out."""
        closed = [replace(position(str(n), 0), updated_at=later(10 - n)) for n in range(3)]
        await store.save(*(PositionSet(each) for each in closed), PositionSet(position("open", 5)))
        await store.save(PositionSet(replace(position("theirs", 0), updated_at=later(9), owner=ANN)))
        assert [p.id for p in await store.closed_positions(later(9))] == ["1", "theirs", "0"]
        assert [p.id for p in await store.closed_positions(later(0), ANN)] == ["theirs"]

    async def test_the_last_word_on_a_days_equity_stays(self, store: Store) -> None:
        """One row an account and day, exact; from a day on, and one owner's."""
        await store.save(equity(-2, "1"), equity(-1, "100.50"), equity(-1, "100.75"), equity(0, "7", OTHER, ANN))
        found = await store.equity((NOON - timedelta(days=1)).date())
        assert [(kept.account, kept.equity) for kept in found] == [(DEMO, Decimal("100.75")), (OTHER, Decimal(7))]
        assert [kept.account for kept in await store.equity(NOON.date(), ANN)] == [OTHER]
        assert found[0] == equity(-1, "100.75").kept
