"""What /metrics reads at the moment it is asked: nothing here costs anything until then."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.values.ids import OWNER
from core.values.orders import OrderState
from dashboard.board import Board
from kit.timing import Seconds

LIVE = [state for state in OrderState if not state.final]


class Present(Collector):
    def __init__(self, board: Board, round_trip: Seconds) -> None:
        self._board = board
        self._round_trip = round_trip
        self.outbox: dict[str, int] = {}
        """Notices that wait, by surface; whoever asks for the metrics looks first."""

    def collect(self) -> Iterator[Metric]:
        figures = self._board.figures
        yield _histogram("ack_seconds", "From a webhook's request to its answer", figures.acknowledged)
        yield _histogram("commit_seconds", "A transaction of the journal, fsync included", figures.commits)
        yield _histogram("order_round_trip_seconds", "From SENT on disk to the broker's word on disk", self._round_trip)
        yield _gauge("loop_lag_seconds", "How late the event loop last woke", figures.loop_lag_s())
        yield from self._orders()
        yield from self._feeds()
        yield from self._hub()
        yield from self._disk()
        yield _labelled("outbox_depth", "Notices that wait for a surface", "surface", self.outbox)

    def _orders(self) -> Iterator[Metric]:
        ledger, now = self._board.desk.ledger, self._board.clock.now()
        states = Counter(order.state for order in ledger.orders.values())
        yield _labelled("intents", "Live orders by state", "state", {state.value: states[state] for state in LIVE})
        bare = [p for p in ledger.positions.values() if p.managed and p.unprotected_since is not None]
        longest = max(((now - p.unprotected_since).total_seconds() for p in bare if p.unprotected_since), default=0.0)
        yield _gauge("unprotected_seconds", "For how long the worst managed position has had no stop", longest)

    def _feeds(self) -> Iterator[Metric]:
        alive: dict[str, float] = {}
        ages: dict[str, float] = {}
        left = GaugeMetricFamily("openoutcry_rate_budget_left", "Calls free at once", labels=["account", "budget"])
        now = self._board.clock.now()
        for name, venue in self._board.desk.venues.items():
            if venue.account.owner != OWNER:
                continue  # whoever reads this shows no token: whose accounts there are is not for them
            alive[name] = float(venue.feed.alive())
            for budget, calls in venue.broker.calls_left().items():
                left.add_metric([name, budget], calls)
            quotes = (venue.feed.quote(i.ticker) for i in self._board.desk.directory.instruments(name))
            newest = max((quote.at for quote in quotes if quote is not None), default=None)
            if newest is not None:
                ages[name] = max(0.0, (now - newest).total_seconds())
        yield _labelled("feed_alive", "1 while the feed's heartbeats arrive", "account", alive)
        yield _labelled("feed_age_seconds", "Age of the newest quote of any instrument", "account", ages)
        yield left

    def _hub(self) -> Iterator[Metric]:
        hub = self._board.figures.hub
        if hub is None:
            return
        yield _gauge("hub_sockets", "Sockets that listen to the hub", hub.listening)
        yield _counter("hub_sockets_cut", "Sockets that were too slow", {(): hub.cut})
        yield _counter("hub_alerts", "Alerts that the hub took in, repeats too", {(): hub.taken})
        targets = {outlet.target.name: outlet for outlet in hub.outlets}
        for what, says in (
            ("sent", "Alerts handed to a target"),
            ("dropped", "Alerts a target never got"),
            ("failures", "Failed tries to hand an alert to a target"),
        ):
            yield _counter(f"target_{what}", says, {(n,): getattr(o, what) for n, o in targets.items()}, "target")
        waiting = {name: outlet.waiting for name, outlet in targets.items()}
        yield _labelled("target_waiting", "Alerts that wait for a target", "target", waiting)

    def _disk(self) -> Iterator[Metric]:
        directory = self._board.figures.data_dir
        if directory is None:
            return
        yield _gauge("disk_free_bytes", "Free where the journal is", shutil.disk_usage(directory).free)
        size = sum(path.stat().st_size for path in directory.glob("desk.sqlite3*"))
        yield _gauge("journal_bytes", "The journal with its log and copies", size)
        age = self._board.figures.backup_age_s()
        if age is not None:
            yield _gauge("last_backup_age_seconds", "Since the newest backup that was opened and found whole", age)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"openoutcry_{name}", says, value)


def _labelled(name: str, says: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"openoutcry_{name}", says, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counter(name: str, says: str, values: dict[tuple[str, ...], int], *labels: str) -> Metric:
    family = CounterMetricFamily(f"openoutcry_{name}", says, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _histogram(name: str, says: str, seconds: Seconds) -> Metric:
    return HistogramMetricFamily(f"openoutcry_{name}", says, buckets=seconds.buckets(), sum_value=seconds.total_s)
