"""What the gate is told of the account."""

from __future__ import annotations

from pathlib import Path

from tests.desk import levels, opened


async def test_an_order_of_the_other_side_frees_no_room(data_dir: Path) -> None:
    """20 SBER are allowed: a sale that may never happen does not make a third ten possible."""
    async with opened(data_dir, risk={"position_max_percent": "60"}) as desk:
        lines = ["/buy 20 SBER", "/sell 10 SBER", "/buy 10 SBER"]
        answers = [await desk.say(line) for line in lines]
        assert [answer.params.get("code", "") for answer in answers] == ["", "", "position"]


async def test_all_positions_and_orders_together_are_bound(data_dir: Path) -> None:
    """Gross: 20000 of BTCPERP are held, 3000 of SBER work, and 25000 are the limit."""
    async with opened(data_dir, risk={"gross_max_percent": "250"}) as desk:
        await desk.enter(long=levels("39800"))
        answers = [await desk.say("/buy 10 SBER") for _ in range(2)]
        assert [answer.params.get("code", "") for answer in answers] == ["", "gross"]
