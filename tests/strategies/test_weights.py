"""Weights of models: which there are, and which are best."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from strategies.grades import Grade
from strategies.scales import Scales, Weighed
from strategies.weights import LEAST, MOST, STEP, Judged, best, combinations, worth

NAMES = ("momentum", "profitability", "rally")
NOW = datetime(2026, 6, 15, tzinfo=UTC)


def day(momentum: Grade, rally: Grade, profit: int) -> Judged:
    return Judged({"dip10": Grade.PASS, "momentum": momentum, "rally": rally}, Decimal(profit))


RALLY_KNOWS = [
    day(Grade.RISKY, Grade.EXCELLENT, 10),
    day(Grade.EXCELLENT, Grade.RISKY, -10),
    day(Grade.GOOD, Grade.EXCELLENT, 8),
    day(Grade.EXCELLENT, Grade.SATISFACTORY, -4),
]


def test_tc_40_the_better_of_two_weightings_is_worth_more() -> None:
    """Rally liked the days that earned, momentum those that lost."""
    good, bad = (
        worth(RALLY_KNOWS, {"momentum": LEAST, "rally": MOST}),
        worth(RALLY_KNOWS, {"momentum": MOST, "rally": LEAST}),
    )
    assert good is not None
    assert bad is not None
    assert good > 0 > bad


def test_tc_40_the_search_finds_the_best_weighting_there_is() -> None:
    """Not the even one, which the older system never looked beyond (W-37)."""
    found = best(RALLY_KNOWS, ("momentum", "rally"))
    assert found is not None
    weights, value = found
    assert weights == {"momentum": LEAST, "rally": MOST}
    everything = [worth(RALLY_KNOWS, each) for each in combinations(("momentum", "rally"))]
    assert value == max(each for each in everything if each is not None)
    assert best(list(reversed(RALLY_KNOWS)), ("momentum", "rally")) == found


def test_among_equals_the_most_even_weighting_is_taken() -> None:
    """Where every day earned the same, no model knows more than another."""
    found = best([day(Grade.RISKY, Grade.GREAT, 5), day(Grade.GREAT, Grade.RISKY, 5)], ("momentum", "rally"))
    assert found == ({"momentum": Decimal("0.5"), "rally": Decimal("0.5")}, Decimal(5))


def test_days_that_failed_say_nothing() -> None:
    """A model that disqualifies leaves no score to weigh by."""
    assert best([day(Grade.FAIL, Grade.GOOD, 50)], ("momentum", "rally")) is None


def test_combinations_are_all_of_them_and_no_others() -> None:
    """In steps of 0.025, within 0.1 and 0.9, together exactly 1: so many as a count says."""
    found: list[tuple[Decimal, ...]] = [tuple(each.values()) for each in combinations(NAMES)]
    assert len(found) == len(set(found)) == sum(1 for a in range(4, 37) for b in range(4, 37) if 4 <= 40 - a - b <= 36)
    assert all(
        sum(each) == 1 and all(LEAST <= weight <= MOST and not weight % STEP for weight in each) for each in found
    )


def test_what_was_found_is_read_back(tmp_path: Path) -> None:
    """By symbol and strategy; what says too little is kept as that."""
    scales = Scales(tmp_path / "weights")
    known, none = Weighed(NOW, 9, {"rally": Decimal("0.125")}), Weighed(NOW, 2, None)
    scales.write("BRK/B", "cycle", known)
    scales.write("BRK/B", "recycle", none)
    assert (scales.read("BRK/B", "cycle"), scales.read("BRK/B", "recycle")) == (known, none)
    assert scales.read("BRK.B", "cycle") is None


def test_a_damaged_file_is_searched_again(tmp_path: Path) -> None:
    """As if it had never been."""
    scales = Scales(tmp_path)
    scales.write("X", "cycle", Weighed(NOW, 9, None))
    (tmp_path / "X.cycle.json").write_text('{"at": 5')
    assert scales.read("X", "cycle") is None
