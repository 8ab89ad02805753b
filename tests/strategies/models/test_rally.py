"""The network on the first 45 minutes: trained for real, asked without scikit-learn."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.rules.candles import hours, market_days
from core.values.candles import columns
from core.values.market import Candle
from core.values.money import Price, Quantity
from strategies.grades import Grade
from strategies.models.day import Day, day_of
from strategies.models.rally import (
    CLASSES,
    DAYS_MIN,
    PAIRS,
    Network,
    Strength,
    features,
    from_row,
    grade,
    guess,
    strength,
    to_row,
    train,
)
from tests.strategies.days import MINUTE, MONDAY

DAYS = market_days("NYSE", date(2025, 9, 1), date(2026, 6, 12))


def telling(when: date) -> Day:
    """A day whose first 45 minutes tell what comes: the higher its steps there, the stronger its rallies."""
    draw = random.Random(f"{when}")
    kind, price, bars = draw.randint(1, 40), 10_000, list[Candle]()
    start = hours("NYSE", when)[0].opens_at
    for number in range(200):
        swing = kind * (1 if number % 2 else -1) + draw.randint(-3, 3)
        price = max(100, price + swing)
        prices = [Price(Decimal(value).scaleb(-2)) for value in (price, price + 1, price - 1, price)]
        volume = Quantity(Decimal(draw.randint(100, 900)))
        bars.append(Candle(start + number * MINUTE, prices[0], prices[1], prices[2], prices[3], volume))
    return day_of("NYSE", when, columns(bars))


@pytest.fixture(scope="module")
def days() -> Sequence[Day]:
    return [telling(when) for when in DAYS]


@pytest.fixture(scope="module")
def network(days: Sequence[Day]) -> Network:
    made = train(days)
    assert made is not None
    return made


def test_tc_23_a_trained_network_gives_a_class(days: Sequence[Day], network: Network) -> None:
    """And the days it was trained on mostly the right one."""
    classes = [guess(network, day) for day in days[-10:]]
    assert set(classes) <= set(CLASSES)
    assert network.trained == DAYS[-1]


def test_tc_23_it_beats_the_naive_guess_where_there_is_something_to_learn(network: Network) -> None:
    """On the newest fifth of the days, which it was not trained on."""
    assert network.right > network.naive + 0.15
    assert network.days == len(DAYS)


def test_tc_23_training_is_the_same_every_time(days: Sequence[Day], network: Network) -> None:
    """Seeded: the same days make the same network."""
    assert train(days) == network


def test_tc_23_a_stale_network_fails(network: Network) -> None:
    """Trained every week; after two it says nothing any more."""
    fresh, old = telling(network.trained + timedelta(days=14)), telling(network.trained + timedelta(days=17))
    assert grade(guess(network, fresh)) is not Grade.FAIL
    assert grade(guess(network, old)) is Grade.FAIL


def test_tc_23_without_a_network_it_fails(days: Sequence[Day]) -> None:
    """Too few days to train on make none."""
    assert train(days[: DAYS_MIN - 1]) is None
    assert grade(guess(None, days[-1])) is Grade.FAIL


def test_days_that_are_all_alike_train_nothing() -> None:
    """Four classes of one kind of day are none."""
    flat = Price(Decimal(100))
    starts = {when: hours("NYSE", when)[0].opens_at for when in DAYS}
    alike = [
        day_of(
            "NYSE",
            when,
            columns([Candle(start + n * MINUTE, flat, flat, flat, flat, Quantity(Decimal(5))) for n in range(200)]),
        )
        for when, start in starts.items()
    ]
    assert train(alike) is None


@pytest.mark.parametrize(
    ("strength", "expected"),
    [
        (Strength.WEAKEST, Grade.RISKY),
        (Strength.WEAK, Grade.SATISFACTORY),
        (Strength.STRONG, Grade.GREAT),
        (Strength.STRONGEST, Grade.EXCELLENT),
        (None, Grade.FAIL),
    ],
)
def test_tc_23_grades(strength: Strength | None, expected: Grade) -> None:
    """A grade a class."""
    assert grade(strength) is expected


def test_43_pairs_of_changes_go_in() -> None:
    """Of price and volume, from minute to minute; before 45 minutes are over there is nothing to go by."""
    whole = telling(MONDAY)
    given = features(whole)
    assert given is not None
    assert given.shape == (2 * PAIRS,)
    assert PAIRS == 43
    early = Day(MONDAY, whole.bars.part(0, 44), whole.opens_s, whole.zone)
    assert features(early) is None


def test_minutes_that_are_missing_are_forgiven_up_to_five() -> None:
    """They repeat the price before, at no volume."""
    whole = telling(MONDAY).bars.candles()

    def without(count: int) -> Day:
        return day_of("NYSE", MONDAY, columns([bar for n, bar in enumerate(whole) if not 10 <= n < 10 + count]))

    given = features(without(5))
    assert given is not None
    assert list(given[10:13]) == [0, 0, 0]
    assert features(without(6)) is None


def test_strength_by_hand() -> None:
    """Flat for 45 minutes, then every minute's best of the next 45 is one percent above its low."""
    start = hours("NYSE", MONDAY)[0].opens_at
    low, high = Price(Decimal(100)), Price(Decimal(101))
    bars = [Candle(start + n * MINUTE, low, high, low, low, Quantity(Decimal(5))) for n in range(150)]
    assert strength(day_of("NYSE", MONDAY, columns(bars))) == pytest.approx(1.0)
    assert strength(day_of("NYSE", MONDAY, columns(bars[:90]))) is None


def test_it_comes_back_from_its_row_as_it_was(days: Sequence[Day], network: Network) -> None:
    """Written as JSON, read, the same guesses."""
    again = from_row(to_row(network))
    assert again == network
    assert guess(again, days[-1]) == guess(network, days[-1])
