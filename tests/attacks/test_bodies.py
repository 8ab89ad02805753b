"""Webhook bodies that no chart sends: an answer of the 2xx or 4xx kind, at once, and no order that nobody asked for."""

from __future__ import annotations

import json
import random
import resource
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from core.services.directory import Directory
from core.values.accounts import Account, Mode
from core.values.alerts import Source
from core.values.ids import AccountName
from kit.http import ApiError
from tests.attacks.garbling import garbled
from tests.dashboard.conftest import PASSPHRASE, SAMPLE, House
from tests.webhook_receiver.conftest import instrument
from webhook_receiver.dialect_hub import parse_hub
from webhook_receiver.dialect_order import parse_order, resolve
from webhook_receiver.fields import Fields
from webhook_receiver.masking import Mask
from webhook_receiver.reading import read_object

ROUTES = ("/tradingview-to-webhook-order", "/tradingview-to-discord-study")
HUB = {"strategy": "s", "symbol": "BTCPERP", "action": "BUY", "timestamp": "2026-01-05T10:00:00Z", "name": "n"}
EXTRAS: dict[str, Any] = {
    "tp1 Mult": "1", "tp Close": "40", "long BE": "40100", "trail": "1", "id": "x", "time": "2026-01-05T10:00:00Z",
    "chart_url": "https://www.example.com/x/", "quantity": "1", "short SL": "NaN",
}  # fmt: skip
TYPES = ("application/json", "text/plain", "", "application/json; charset=utf-16", "multipart/form-data")
NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
A_ROUND = 10_000
LONG_S = 1.0
GROWN_KIB_MAX = 20 * 1024


def directory() -> Directory:
    known = Directory({})
    known.put(Account(AccountName("Testing"), "paper", Mode.PAPER, "USDT"), [instrument("BTCPERP")])
    return known


def a_body(rng: random.Random) -> bytes:
    """Of one of the dialects, with some fields more, spoilt once or twice."""
    sample = dict(HUB) if rng.random() < 0.2 else {**SAMPLE, **{k: v for k, v in EXTRAS.items() if rng.random() < 0.5}}
    body = garbled(json.dumps(sample).encode(), rng)
    return garbled(body, rng) if rng.random() < 0.2 else body


def taken(body: bytes, known: Directory, mask: Mask) -> str:
    """What became of a body: its kind of alert, or the refusal's status. Whatever else is raised goes up."""
    try:
        text, raw = read_object(body)
        fields = Fields(raw)
        masked = mask(text, raw)
        if "strategy" in raw:
            return f"hub {parse_hub(fields, received_at=NOW, body=masked).kind}"
        account = resolve(fields, known)
        alert = parse_order(fields, source=Source.ORDER, received_at=NOW, body=masked, account=account)
    except ApiError as error:
        return str(error.status)
    return str(alert.kind)


def fuzzed(bodies: int, seed: int) -> tuple[Counter[str], float]:
    """Outcomes, and the longest that any body took."""
    rng, known, mask = random.Random(seed), directory(), Mask(PASSPHRASE)
    outcomes: Counter[str] = Counter()
    longest = 0.0
    for _ in range(bodies):
        body = a_body(rng)
        began = time.thread_time()
        outcomes[taken(body, known, mask)] += 1
        longest = max(longest, time.thread_time() - began)
    return outcomes, longest


def well(outcomes: Counter[str], longest: float) -> None:
    assert not [name for name in outcomes if name.startswith("5")], outcomes
    assert longest < LONG_S
    assert min(outcomes["422"], outcomes["entry"]) > 0, outcomes


def test_bodies_are_understood_or_refused() -> None:
    """Two thousand of them, none a trace, none slow."""
    well(*fuzzed(2000, 1))


@pytest.mark.proof
def test_proof_of_bodies(rounds: int) -> None:
    """Ten thousand a round; the process does not grow by them."""
    well(*fuzzed(A_ROUND, 0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes, longest = fuzzed(A_ROUND * rounds, 1)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    well(outcomes, longest)
    assert grown < GROWN_KIB_MAX
    total = outcomes.total()
    bound = f"below {3 / total:.4%} at 95 %; longest {longest:.3f} s, {grown} KiB more"
    print(f"\n{total} bodies: {dict(outcomes)}, 0 of another kind: {bound}")


async def test_bodies_over_the_wire_are_never_a_5xx(house: House) -> None:
    """Both routes, with the right secret and bodies that are compressed, cut, of another type or encoding."""
    rng = random.Random(2)
    statuses: Counter[int] = Counter()
    for number in range(300):
        headers = {"Content-Type": rng.choice(TYPES)}
        if number % 9 == 0:
            headers["Content-Encoding"] = rng.choice(["gzip", "deflate", "br", "x"])
        answer = await house.ask("POST", rng.choice(ROUTES), a_body(rng), None, headers=headers)
        statuses[answer.status] += 1
    assert set(statuses) <= {200, 401, 413, 415, 422}, statuses
    assert statuses[422] > 0
    await house.settled()
    assert (await house.get("/api/v1/health")).status == 200
