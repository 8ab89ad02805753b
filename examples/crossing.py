"""A strategy outside the desk, in the size of a notebook cell: reads prices, posts alerts. Standard library only.

    python examples/crossing.py --desk http://127.0.0.1:8089 --token TOKEN --hub-token TOKEN SBER

It compares two averages of the last prices that the desk has kept and says BUY or SELL once when they have crossed. The
alert goes to the hub: to its sockets, its targets and the list of alerts. It does not trade.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.request import Request, urlopen

SHORT, LONG = 3, 9


def ask(url: str, token: str, body: dict[str, object] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)


def direction(newest_first: list[Decimal]) -> str | None:
    """`buy` when the short average has just risen above the long one, `sell` when it has fallen below; else None."""

    def above(prices: list[Decimal]) -> bool:
        return sum(prices[:SHORT]) / SHORT > sum(prices[:LONG]) / LONG

    if len(newest_first) <= LONG or above(newest_first) == above(newest_first[1:]):
        return None
    return "buy" if above(newest_first) else "sell"


def look(desk: str, token: str, hub_token: str, ticker: str) -> str | None:
    """One look; the direction that was posted."""
    rows = ask(f"{desk}/api/v1/prices/{ticker}?limit={LONG + 1}", token)["items"]
    prices = [Decimal(row["last"]) for row in rows if row["last"] is not None]
    found = direction(prices)
    if found is not None:
        alert = {
            "id": 1,
            "name": "crossing",
            "symbol": ticker,
            "interval": 1,
            "direction": found,
            "price": str(prices[0]),
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        print(found, ticker, "at", prices[0], ask(f"{desk}/alert", hub_token, alert)["message"], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ticker")
    parser.add_argument("--desk", default="http://127.0.0.1:8089")
    parser.add_argument("--token", required=True, help="of the API: what make run prints as TOKEN")
    parser.add_argument("--hub-token", required=True, help="of the hub: what make run prints as HUB TOKEN")
    parser.add_argument("--every", type=float, default=60, help="seconds; 0 = look once")
    asked = parser.parse_args()
    while True:
        look(asked.desk, asked.token, asked.hub_token, asked.ticker)
        if not asked.every:
            return
        time.sleep(asked.every)


if __name__ == "__main__":
    main()
