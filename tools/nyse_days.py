"""Makes core/rules/nyse.py anew: done at release time, so that no calendar library is needed at run time.

Needs the library `holidays` (https://github.com/vacanza/holidays), which nothing else here needs:

    python tools/nyse_days.py 2015 2030 > core/rules/nyse.py
"""
# ruff: noqa: INP001, T201 - a script

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date

import holidays

HEAD = '''"""NYSE, {first} to {last}: weekdays without trading, and those that end at 13:00. Month and day, by year.

Made by tools/nyse_days.py from holidays {version}; not to be edited.
"""
'''


def table(name: str, days: Iterable[date]) -> str:
    """Weekdays alone, a line a year."""
    years: dict[int, list[str]] = {}
    for day in sorted(days):
        if day.weekday() < 5:
            years.setdefault(day.year, []).append(f"{day:%m-%d}")
    rows = "\n".join(f'    {year}: "{" ".join(found)}",' for year, found in years.items())
    return f"{name} = {{\n{rows}\n}}"


def main() -> None:
    first, last = int(sys.argv[1]), int(sys.argv[2])
    years = range(first, last + 1)
    closed = holidays.financial_holidays("XNYS", years=years, categories=("public",))
    half = holidays.financial_holidays("XNYS", years=years, categories=("half_day",))
    print(HEAD.format(first=first, last=last, version=holidays.__version__))
    print(table("CLOSED", closed))
    print(table("HALF_DAYS", half))


if __name__ == "__main__":
    main()
