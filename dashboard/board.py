"""What the dashboard is given by the roof."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from core.commands.console import Console
from core.ports import Clock, Store
from core.services.approvals import Approvals
from core.services.desk import Desk
from core.services.hub import Hub
from core.services.office import Office
from core.services.pairs import Pairs
from core.services.portfolio import Portfolio
from core.services.research import Research
from core.services.supervisor import Supervisor
from core.services.today import Today
from core.services.worklist import Worklist
from core.values.people import Person
from dashboard.roof import Roof
from kit.auth import Networks
from kit.log_files import LogFiles
from kit.timing import Seconds


@dataclass(frozen=True, slots=True)
class DemoControls:
    """Present only in demo or with `market.still`.

    market: ticker, bid, ask, bid_size, ask_size; returns when the desk has dealt with the new book. clock: seconds to
    go on. Both raise Rejected: `unknown_ticker`, `crossed_book`, `market_moves` and others. faults: name, count,
    parameters; raises ValueError whose message lists the names there are. fault_names: those.
    """

    market: Callable[[str, Decimal, Decimal, Decimal | None, Decimal | None], Awaitable[None]]
    clock: Callable[[float], Awaitable[None]]
    faults: Callable[[str, int, Mapping[str, object]], None]
    fault_names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """What the roof measures, for /metrics. loop_lag_s: how late the event loop last woke. surfaces: chats in use.
    backup_age_s: of the newest backup; None where there is none."""

    acknowledged: Seconds = field(default_factory=Seconds)
    commits: Seconds = field(default_factory=Seconds)
    loop_lag_s: Callable[[], float] = lambda: 0.0
    surfaces: Sequence[str] = ()
    data_dir: Path | None = None
    hub: Hub | None = None
    backup_age_s: Callable[[], float | None] = lambda: None


async def _nothing(_person: Person) -> Today:
    return Today({}, 0)


@dataclass(frozen=True, slots=True)
class Board:
    """people: bearer token to person, in constant time. open_pages: in demo, whoever opens a page is this person.

    sample_alert: the body that the page's button posts to the order route. hosts: names besides the loopback ones
    under which browsers may reach us. picture: the file of what has this id, where
    there is one. clock: the market's; wire: real time, which sessions and streams keep. language: of the login.
    """

    console: Console
    portfolio: Portfolio
    approvals: Approvals
    worklist: Worklist
    pairs: Pairs
    office: Office
    supervisor: Supervisor
    desk: Desk
    store: Store
    people: Callable[[str], Person | None]
    clock: Clock
    wire: Clock
    ready: Callable[[], bool]
    alive: Callable[[], bool]
    version: str
    demo: DemoControls | None = None
    open_pages: Person | None = None
    sample_alert: Callable[[], dict[str, str]] | None = None
    hosts: frozenset[str] = frozenset()
    picture: Callable[[str], Path | None] = lambda _id: None
    figures: Figures = field(default_factory=Figures)
    language: str = "en"
    trusted_proxies: Networks = ()
    today: Callable[[Person], Awaitable[Today]] = _nothing
    roof: Roof = field(default_factory=Roof)
    research: Research = field(default_factory=Research)
    logs: LogFiles = field(default_factory=lambda: LogFiles(Path(), ()))
