"""Prices are kept at their pace, each once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from core.services.prices import PriceKeeper
from tests.desk import opened


async def test_a_price_is_kept_when_it_moved(tmp_path: Path) -> None:
    """All at first; then only what the feed said anew, so a closed market costs nothing."""
    async with opened(tmp_path) as desk:
        keeper = PriceKeeper(desk.engine.desk, 60, timedelta(days=1))
        assert await keeper.keep() == 6
        await desk.clock.advance(1)
        assert await keeper.keep() == 0
        await desk.book("41000", "41001")
        assert await keeper.keep() == 1
        rows = (await desk.engine.store.prices("BTCPERP", 10)).items
        assert [str(row.bid) for row in rows][:1] == ["41000"]
        assert len(rows) == 2


async def test_prices_are_forgotten_after_their_time(tmp_path: Path) -> None:
    """The journal does not grow for ever."""
    async with opened(tmp_path) as desk:
        keeper = PriceKeeper(desk.engine.desk, 60, timedelta(hours=1))
        await keeper.keep()
        await desk.clock.advance(7200)
        await keeper.keep()
        assert (await desk.engine.store.prices("SBER", 10)).items == []
