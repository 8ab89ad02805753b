"""The ordered levels say what a plain loop over all positions says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from core.rules.levels import Armed, Crossed, Kind, Levels
from core.rules.trails import PERCENT, WHOLE

JUMP = 5 * PERCENT


@dataclass
class Plain:
    """Every position looked at on every quote."""

    longs: dict[int, Armed] = field(default_factory=dict)
    before: int | None = None

    def put(self, key: int, armed: Armed, sign: int) -> None:
        self.sign = sign
        self.longs[key] = armed
        self._climb(key, armed.best)

    def _climb(self, key: int, price: int | None) -> None:
        armed = self.longs[key]
        if armed.best is None or price is None or not (armed.ladder or armed.trailing is not None):
            return
        best = max(armed.best, price)
        rungs = [level for at, level in armed.ladder if at <= best]
        stops = [level for level in (armed.stop, *rungs) if level is not None]
        self.longs[key] = replace(armed, best=best, stop=max(stops, default=None))

    def stop(self, key: int) -> int | None:
        armed = self.longs[key]
        found = [] if armed.stop is None else [armed.stop]
        if armed.best is not None and armed.trailing is not None:
            found.append(-(-armed.best * (WHOLE - self.sign * armed.trailing) // WHOLE))
        return max(found, default=None)

    def feed(self, price: int) -> set[int]:
        before, self.before = self.before, price
        if before is None:
            return set()
        out = {key for key in self.longs if (stop := self.stop(key)) is not None and max(before, price) <= stop}
        for key in self.longs.keys() - out:
            self._climb(key, min(price, before + abs(before) * JUMP // WHOLE))
        at = min(before, price)
        out |= {key for key, armed in self.longs.items() if armed.target is not None and at >= armed.target}
        for key in out:
            del self.longs[key]
        return out


prices = st.integers(800, 1200)
percents = st.sampled_from([None, PERCENT // 2, PERCENT, 3 * PERCENT, 7 * PERCENT + 1])
ladders = st.lists(st.tuples(st.integers(1000, 1150), st.integers(950, 1100)), max_size=2).map(tuple)
armed = st.builds(Armed, st.none() | prices, st.none() | prices, percents, prices, ladders)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 8), armed),
        st.tuples(st.just("drop"), st.integers(0, 8), st.none()),
        st.tuples(st.just("feed"), prices, st.none()),
        st.tuples(st.just("feed"), st.integers(980, 1020), st.none()),
    ),
    max_size=60,
)


def compare(sign: int, script: list[tuple[str, int, Armed | None]]) -> None:
    levels, plain = Levels(JUMP), Plain()
    for what, number, one in script:
        if what == "put":
            assert one is not None
            levels.put(number, sign, one)
            plain.put(number, one if sign > 0 else one.mirrored(), sign)
        elif what == "drop":
            levels.drop(number)
            plain.longs.pop(number, None)
        else:
            found = levels.feed(number, None) if sign > 0 else levels.feed(None, number)
            crossed = set() if found is None else {one.id for one in found.crossed}
            assert crossed == plain.feed(number * sign)
        for key in range(9):
            assert (key in levels) == (key in plain.longs)
            if key in levels:
                level = plain.stop(key)
                assert levels.stop(key) == (None if level is None else level * sign)


@given(steps)
@settings(max_examples=200, deadline=None)
def test_longs_are_taken_out_as_a_plain_loop_would(script: list[tuple[str, int, Armed | None]]) -> None:
    """Whatever is put, dropped and quoted, in whatever order."""
    compare(1, script)


@given(steps)
@settings(max_examples=200, deadline=None)
def test_shorts_are_longs_in_a_mirror(script: list[tuple[str, int, Armed | None]]) -> None:
    """The same on the ask."""
    compare(-1, script)


def fed(levels: Levels, *bids: int) -> list[Crossed]:
    found = [levels.feed(bid, bid + 1) for bid in bids]
    return [one for crossing in found if crossing for one in crossing.crossed]


def test_one_quote_beyond_the_stop_sells_nothing() -> None:
    """It is in doubt, and the next one decides."""
    levels = Levels()
    levels.put("a", 1, Armed(stop=98))
    assert fed(levels, 100, 50) == []
    assert levels.doubt
    assert fed(levels, 100, 97, 98) == [Crossed("a", Kind.STOP, 98)]


def test_stop_before_target_where_both_are_reached() -> None:
    """A target below the market, a stop above it."""
    levels = Levels()
    fed(levels, 95)
    levels.put("a", 1, Armed(stop=98, target=90))
    assert [one.kind for one in fed(levels, 95)] == [Kind.STOP]


def test_a_lone_high_quote_moves_a_trailing_stop_by_little() -> None:
    """A bad print of ten times the price must not sell at the next good one."""
    levels = Levels(jump=PERCENT)
    levels.put("a", 1, Armed(trailing=2 * PERCENT, best=1000))
    assert fed(levels, 1000, 10_000, 1000, 1000) == []
    assert levels.best("a") == 1010


def test_two_high_quotes_move_it_all_the_way() -> None:
    """The second one is within reach of the first."""
    levels = Levels(jump=PERCENT)
    levels.put("a", 1, Armed(trailing=PERCENT, best=1000))
    fed(levels, 1000, 1100, 1100)
    assert (levels.best("a"), levels.stop("a"), levels.moved(), levels.moved()) == (1100, 1089, True, False)


def test_what_is_over_does_not_pile_up() -> None:
    """A tight stop that stays for ever, and thousands that come and go behind it."""
    levels = Levels()
    levels.put("tight", 1, Armed(trailing=PERCENT, best=1000))
    for number in range(3000):
        levels.put(number, 1, Armed(900, 1500, 9 * PERCENT, 1000 + number % 7, ((1400, 1300),)))
        levels.drop(number)
    side = levels._long
    groups = sum(len(group.members) for group in side._trails._groups)
    assert len(side._stops) + len(side._rising) + len(side._trails._waiting) + groups < 1000
