"""What a desk's books and a referee's ledger must agree on after every kill: rows of the API against the broker's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
NO_KEYS = frozenset({"while_open", "never", "bybit", "binance", "okx", "angelone"})
"""Dialects whose ids are no idempotency keys."""
DOUBT = {"SENT", "UNKNOWN"}
LIVE = {"OPEN", "PART_FILLED"}


def disagreements(
    accepted: Sequence[str], desk: Mapping[str, Sequence[Row]], referee: Mapping[str, Sequence[Row]], dialect: str
) -> list[str]:
    """Empty when all is well. accepted: alerts that got their 200. desk: alerts, orders, positions, notices; referee:
    ledger, orders, stop_orders, positions."""
    return [
        *_alerts_lost(accepted, desk["alerts"]),
        *_doubled(desk["orders"], referee["ledger"], dialect),
        *_orphans(desk["orders"], referee),
        *_unsettled(desk["orders"], desk["notices"]),
        *_positions_differ(desk["positions"], referee["positions"]),
        *_unprotected(desk, referee["stop_orders"], dialect),
    ]


def _alerts_lost(accepted: Sequence[str], alerts: Sequence[Row]) -> list[str]:
    """I1: what got its 200 is in the inbox and handled to its end."""
    done = {row["id"]: row["done"] for row in alerts}
    return [f"I1 alert {i} is lost" for i in accepted if i not in done] + [
        f"I1 alert {i} is not done" for i, over in done.items() if not over
    ]


def _doubled(orders: Sequence[Row], ledger: Sequence[Row], dialect: str) -> list[str]:
    """I2: one order per client id and one entry per alert. I7: where ids are no keys, no second request after a first
    whose outcome was not told."""
    accepted = [line["client_id"] for line in ledger if line["kind"] == "order"]
    causes = {o["id"]: o["because"][0]["id"] for o in orders if o["role"] == "entry"}
    found = [f"I2 order {i} was accepted {n} times" for i, n in Counter(accepted).items() if n > 1]
    entered = Counter(causes[i] for i in accepted if i in causes)
    found += [f"I2 alert {i} has {n} entries" for i, n in entered.items() if n > 1]
    if dialect in NO_KEYS:
        asked = Counter(line["client_id"] for line in ledger if line["kind"] == "request")
        told = Counter(line["client_id"] for line in ledger if line["kind"] in {"busy", "refused"})
        found += [f"I7 order {i} was sent {n} times" for i, n in asked.items() if n - told[i] > 1]
    return found


def _orphans(orders: Sequence[Row], referee: Mapping[str, Sequence[Row]]) -> list[str]:
    """I3: an order at the broker has a row, written before it was sent; and both say the same of what works."""
    rows = {o["id"]: o for o in orders}
    arrived = {line["client_id"]: line["at"] for line in reversed(referee["ledger"]) if line["kind"] == "request"}
    found = [f"I3 order {i} is not in the journal" for i in arrived if i not in rows]
    found += [
        f"I3 order {i} was written after it arrived" for i, at in arrived.items() if i in rows and rows[i]["at"] > at
    ]
    there = {row["order_id"] for row in [*referee["orders"], *referee["stop_orders"]]}
    here = {i for i, row in rows.items() if row["state"] in LIVE}
    return found + [f"I3 order {i} works on one side only" for i in there ^ here]


def _unsettled(orders: Sequence[Row], notices: Sequence[Row]) -> list[str]:
    """An outcome that nobody knows is found out, or people are told that it was not."""
    told = {about for n in notices if n["key"] == "order.unknown" for about in n["about"]}
    return [
        f"order {o['id']} is {o['state']}" for o in orders if o["state"] in DOUBT and f"order:{o['id']}" not in told
    ]


def _positions_differ(ours: Sequence[Row], theirs: Sequence[Row]) -> list[str]:
    """I4: our books add up to what the broker holds."""
    held: Counter[str] = Counter()
    for row in ours:
        held[row["ticker"]] += Decimal(row["quantity"])  # type: ignore[assignment]  # Counter adds any number
    for row in theirs:
        held[row["ticker"]] -= Decimal(row["quantity"])  # type: ignore[assignment]  # as above
    return [
        f"I4 {ticker}: we hold {difference} more than the broker" for ticker, difference in held.items() if difference
    ]


def _unprotected(desk: Mapping[str, Sequence[Row]], stops: Sequence[Row], dialect: str) -> list[str]:
    """I5: a stop for all of each managed position stands at the broker, or is watched where that keeps none; or people
    were told, where an order that nobody knows of leaves no room for another."""
    positions = [row for row in desk["positions"] if row["protection"] == "managed"]
    doubtful = {row["ticker"] for row in desk["orders"] if row["state"] in DOUBT}
    told = {about for n in desk["notices"] if n["key"] == "position.unprotected" for about in n["about"]}
    found = []
    for row in positions:
        if row["ticker"] in doubtful and f"position:{row['id']}" in told:
            continue
        if dialect == "bare":
            found += [f"I5 {row['ticker']} is not watched"] if row["protected_by"] != "desk" else []
            continue
        quantity = Decimal(row["quantity"])
        side = "sell" if quantity > 0 else "buy"
        covers = sum(
            Decimal(s["quantity"]) - Decimal(s["filled"])
            for s in stops
            if (s["ticker"], s["side"], s["type"]) == (row["ticker"], side, "stop")
        )
        if covers < abs(quantity):
            found.append(f"I5 {row['ticker']}: {quantity} held, {covers} covered")
    return found
