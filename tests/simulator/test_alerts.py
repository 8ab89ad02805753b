"""Alerts that came in, traded again: as they were, and with other exits and sizes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.values.alerts import Alert, AlertKind, AlertRecord, AlertStatus, Levels, Source
from core.values.ids import AlertId, LinkId
from core.values.money import Price, plain
from core.values.orders import Side
from openoutcry.simulation import replayed_alerts
from simulator.alerts import AlertPlan, Otherwise, asked, chosen
from simulator.trades import Outcome
from tests.simulator.pasts import OPENS, SHARE, D, Past, bars

ENTRY = Alert(
    source=Source.ORDER,
    received_at=OPENS + timedelta(seconds=70),
    body="{}",
    kind=AlertKind.ENTRY,
    ticker="TXN",
    side=Side.BUY,
    price=Price(D(100)),
    long=Levels(Price(D(99)), Price(D(102))),
)
LEAVE = Alert(Source.ORDER, OPENS + timedelta(minutes=4), "{ }", AlertKind.EXIT, "TXN", price=Price(D(100)))
UP = bars(
    "100 100 100 100", "100 100 100 100", "100 101 99.6 101", "101 102.5 101 102", "102 102 102 102", "102 103 102 102"
)


def told(outcome: Outcome) -> list[str]:
    return [f"{each.side} {plain(each.quantity)} at {plain(each.price)}" for each in outcome.executions]


def plan_of(*alerts: Alert, **more: object) -> AlertPlan:
    plan = AlertPlan(alerts, Past(UP), OPENS + timedelta(hours=1))
    return replace(plan, **more)  # type: ignore[arg-type]  # names of its own fields


def test_an_alert_is_traded_as_it_came() -> None:
    """One percent of 30,000 is at risk between 100 and 99: 300 pieces, sold at the target."""
    assert told(replayed_alerts(plan_of(ENTRY))) == ["buy 300 at 100", "sell 300 at 102"]


def test_other_exits_end_it_elsewhere() -> None:
    """A stop of 0.3 % is met by the dip to 99.6, and half a percent is reached before it is not."""
    nearer = replayed_alerts(plan_of(ENTRY, otherwise=Otherwise(stop_percent=D("0.3"))))
    assert told(nearer) == ["buy 1000 at 100", "sell 1000 at 99.6"]
    modest = replayed_alerts(plan_of(ENTRY, otherwise=Otherwise(target_percent=D(1))))
    assert told(modest) == ["buy 300 at 100", "sell 300 at 101"]


def test_other_sizes_change_what_is_made() -> None:
    """Half the risk is half the pieces."""
    assert told(replayed_alerts(plan_of(ENTRY, risk_percent=D("0.5"))))[0] == "buy 150 at 100"


def test_an_exit_alert_closes_at_its_moment() -> None:
    """Before the target of 105 is reached; nothing stands afterwards, so later bars are left out."""
    far = Otherwise(target_percent=D(5))
    outcome = replayed_alerts(plan_of(ENTRY, LEAVE, otherwise=far))
    assert told(outcome) == ["buy 300 at 100", "sell 300 at 102"]
    assert outcome.executions[1].at == LEAVE.received_at
    assert outcome.bars == 4


def test_what_was_not_traded_then_is_not_traded_now() -> None:
    """Repeated, stale and throttled alerts, other tickers, and words that trade nothing; oldest first."""

    def record(alert: Alert, status: AlertStatus = AlertStatus.ACCEPTED) -> AlertRecord:
        return AlertRecord(AlertId("1"), alert, status, done=True)

    others = [record(ENTRY, status) for status in AlertStatus if status is not AlertStatus.ACCEPTED]
    others += [record(replace(ENTRY, ticker="GAZP")), record(replace(ENTRY, kind=AlertKind.INFO))]
    assert chosen([record(LEAVE), *others, record(ENTRY)], "TXN") == (ENTRY, LEAVE)


def test_a_links_alert_becomes_an_order_alert() -> None:
    """Its link is another desk's; without a price it is priced at the last."""
    came = replace(ENTRY, source=Source.HOOK, link=LinkId("L"), price=None, long=Levels())
    plain_one = asked(came, Otherwise(D(1), D(2)), Price(D(200)), SHARE)
    assert (plain_one.source, plain_one.link, plain_one.price) == (Source.ORDER, None, D(200))
    assert plain_one.long == Levels(Price(D(198)), Price(D(204)))
