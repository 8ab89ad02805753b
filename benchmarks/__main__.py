"""`make bench`: every benchmark, one after the other, a line each; ratios are kept in benchmarks/results.csv."""

from __future__ import annotations

import csv
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    alert_to_order,
    alerts_accepted,
    candles,
    chats,
    columns,
    disk,
    guardian,
    hook,
    hub,
    idle,
    pages,
    people,
    pictures,
    postgres,
    receivers,
    restart,
    scan,
    simulate,
    tinvest,
)

RESULTS = Path(__file__).parent / "results.csv"


def keep(name: str, figure: float, unit: str) -> None:
    """Add a row: date, commit, benchmark, figure, unit."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        if new:
            rows.writerow(["date", "commit", "benchmark", "figure", "unit"])
        rows.writerow([datetime.now(UTC).date().isoformat(), commit.stdout.strip(), name, f"{figure:.3f}", unit])


def main() -> None:
    found = idle.measure()
    keep("demo idle memory", found["rss_mb"], "MB")
    keep("demo start to READY", found["ready_s"], "s")
    keep("demo idle processor", found["cpu_percent"], "% of a core")
    written = disk.measure()
    keep("written to disk at 50 alerts a day", written["gb_month"], "GB a month")
    keep("the same while it watches a stop itself", written["gb_month_watching"], "GB a month")
    keep("restart to READY with 100 open orders, p99", restart.measure()["p99"], "s")
    both = chats.measure()
    keep("both chats, memory after every command", both["rss_mb"], "MB")
    keep("both chats, start to READY", both["ready_s"], "s")
    shown = pages.measure()
    keep("Now, first paint", shown["paint_ms"], "ms")
    keep("Now, bytes", shown["kilobytes"], "kB")
    keep("20 open pages while nothing moves", shown["percent"], "% of a core")
    keep("20 open pages, memory gained", shown["gained_mb"], "MB")
    drawn = pictures.measure()
    keep("alert to card p95", drawn["card_s"], "s")
    keep("alert to picture, cold", drawn["cold_s"], "s")
    keep("alert to picture p95, warm", drawn["warm_s"], "s")
    keep("memory of the painter's process", drawn["mb"], "MB")
    lists = tinvest.measure()
    keep("T-Invest, 3,000 instruments listed", lists["seconds"], "s")
    keep("T-Invest, memory of 3,000 instruments", lists["mb"], "MB")
    keep("alert to order request p99", alert_to_order.main([])["p99"], "ms")
    keep("alerts accepted, share of the bare server", alerts_accepted.measure(7, 4000, 32), "ratio")
    _with_people()
    _with_a_server()
    told = hub.measure()
    keep("hub, one alert to 1,000 sockets, p99", told["fan_out_ms"], "ms")
    keep("hub, memory gained by 9,000 alerts to five targets, one dead", told["gained_mb"], "MB")
    keep("hub alerts accepted, share of the bare server", told["accepted"], "ratio")
    keep("link's answer p99 while the broker needs 5 s", hook.measure()["p99"], "ms")
    levels = guardian.measure()
    keep("guardian, 10,000 positions, to a plain loop of Decimals", levels["to_plain"], "ratio")
    keep("guardian, 10,000 positions to 10", levels["to_small"], "ratio")
    pairs = scan.measure()
    keep("scan of 300 futures and 200 shares, processor time", pairs["scan_ms"], "ms")
    keep("50 spreads, a book update a second", pairs["core"], "cores")
    kept = candles.measure()
    keep("ten years of minutes, to open", kept["open_s"], "s")
    keep("a day of 100 symbols, to learn of", kept["day_s"], "s")
    keep("longest wait of the loop meanwhile", kept["lag_ms"], "ms")
    past = simulate.measure()
    keep("simulation, bars of the kernel a second", past["kernel_bars"], "1/s")
    keep("simulation, orders of the whole desk a second", past["desk_orders"], "1/s")
    keep("simulation, first answer cold", past["cold_s"], "s")
    rule = columns.measure()
    keep("simulation, bars of a rule a second", rule["bars"], "1/s")
    keep("simulation, a hundred rules over a year of minutes", rule["grid_s"], "s")


def _with_people() -> None:
    crowd = people.measure()
    keep("a person with an account and a link", crowd["person_kb"], "kB")
    keep("a start, processor time a person", crowd["start_ms"], "ms")
    keep("an alert traded, processor time", crowd["trade_ms"], "ms")


def _with_a_server() -> None:
    """Debian's PostgreSQL must be there."""
    many = receivers.measure()
    keep("three receivers to one, on cores of their own", many["ratio"], "ratio")
    keep("three receivers to one, by the clock", many["wall"], "ratio")
    served = postgres.measure()
    keep("alerts accepted, PostgreSQL to SQLite", served["rate_ratio"], "ratio")
    keep("one alert's commit in PostgreSQL", served["one alert, median"], "ms")
    keep("alert to order with PostgreSQL, median", served["alert to order, median"], "ms")


if __name__ == "__main__":
    main()
