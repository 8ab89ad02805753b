"""What every journal promises about prices."""

from __future__ import annotations

from decimal import Decimal

from core.ports import Store
from core.values.changes import PricesForgotten, PricesKept
from core.values.market import Quote
from core.values.money import Price
from tests.contracts.samples import later


def quote(ticker: str, seconds: float, last: str | None = "1.50") -> Quote:
    price = None if last is None else Price(Decimal(last))
    return Quote(ticker, later(seconds), bid=price, ask=None, last=price)


class PricesContract:
    async def test_prices_of_a_ticker_come_newest_first_and_exact(self, store: Store) -> None:
        """One ticker's alone, page by page, equal to what was kept."""
        kept = [quote("SBER", second) for second in range(3)]
        await store.save(PricesKept((kept[0], quote("GAZP", 0, None))), PricesKept((kept[1],)), PricesKept((kept[2],)))
        first = await store.prices("SBER", 2)
        rest = await store.prices("SBER", 2, first.next)
        assert [*first.items, *rest.items] == kept[::-1]
        assert rest.next is None
        assert (await store.prices("GAZP", 1)).items[0].last is None

    async def test_old_prices_are_forgotten(self, store: Store) -> None:
        """Those before a moment, of every ticker."""
        await store.save(PricesKept((quote("SBER", 1), quote("GAZP", 5))))
        await store.save(PricesForgotten(later(5)))
        assert (await store.prices("SBER", 10)).items == []
        assert len((await store.prices("GAZP", 10)).items) == 1
