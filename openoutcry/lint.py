"""`openoutcry alert lint`: what a message would do, and everything that is wrong with it, without doing anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from brokers.paper.market import BuiltInMarket
from core.clock import ManualClock, SystemClock
from core.rules.routing import Approval
from core.rules.sizing import size_by_risk
from core.services.directory import Directory
from core.values.accounts import Account
from core.values.alerts import Alert, AlertKind, Source
from core.values.ids import LinkId
from core.values.instrument import Instrument
from core.values.money import plain
from core.values.orders import Refused
from kit.auth import same_secret
from kit.http import ApiError
from openoutcry.placeholders import filled, standing_in
from openoutcry.settings import Settings
from openoutcry.venues import account_of
from texts import render
from webhook_receiver.dialect_hub import parse_hub
from webhook_receiver.dialect_link import parse_link
from webhook_receiver.dialect_order import parse_order, resolve
from webhook_receiver.fields import Fields
from webhook_receiver.reading import read_object

PROBLEMS_MAX = 30
NOT_LISTED_HERE = frozenset({"unknown_ticker", "unknown_exchange"})
_QUOTED_PLOT = re.compile(r'\{\{\s*plot\("([^"{}]*)"\)\s*\}\}')


@dataclass(slots=True)
class Report:
    """says: what it would do. problems: field and what to do about it."""

    says: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def lines(self) -> list[str]:
        found = [f"PROBLEM {name}: {words}" for name, words in self.problems]
        return [*self.says, *found, "Nothing was sent. " + (f"Problems: {len(found)}." if found else "It is fine.")]


def lint(body: bytes, settings: Settings) -> Report:
    """Read it as the doors would. Placeholders of the chart site are filled in with examples first."""
    report, now = Report(), SystemClock().now()
    directory = _directory(settings, now)
    try:
        _, raw = read_object(_QUOTED_PLOT.sub(r"{{plot('\1')}}", body.decode("utf-8-sig")).encode())
    except UnicodeDecodeError:
        report.problems.append(("body", "it is not UTF-8; save the file as UTF-8"))
        return report
    except ApiError as error:
        report.problems.append(("body", f"{error.message}; compare it with the example in the README"))
        return report
    raw, unknown = filled(raw, directory, now)
    report.problems += [(name, f"the chart site has no placeholder {word}") for name, word in unknown]
    alert = _parsed(raw, directory, now, report, settings)
    if alert is not None:
        _describe(alert, directory, report, settings, now)
    return report


def _directory(settings: Settings, now: datetime) -> Directory:
    """Every account of the settings, with the built-in market's instruments."""
    directory = Directory(settings.tickers)
    clock = ManualClock(now)
    market = BuiltInMarket(settings.market.seed, True, clock, clock, settings.market.prices)
    for section in settings.accounts:
        account = account_of(section, live=False)
        directory.put(account, market.instruments(account.currency))
    return directory


def _parsed(
    raw: Mapping[str, object], directory: Directory, now: datetime, report: Report, settings: Settings
) -> Alert | None:
    """The alert; where a field cannot be used it is told, and read on with one that can. None: it cannot be read on."""
    said, tried = dict(raw), set[str]()
    _secret(said, report, settings)
    for _ in range(PROBLEMS_MAX):
        try:
            return _read(Fields(said), directory, now)
        except ApiError as error:
            name = error.field or "body"
            if error.code in NOT_LISTED_HERE and _elsewhere(settings):
                report.says.append(f"{name}: not looked up, since its broker is not asked here")
            else:
                report.problems.append((name, error.message))
            if name in tried or name == "body":
                return None
            tried.add(name)
            said[name] = standing_in(name, said, directory, now)
    return None


def _secret(said: Mapping[str, object], report: Report, settings: Settings) -> None:
    """Only the order dialect carries one, and a link's URL does without."""
    ours, theirs = settings.webhook.passphrase.get_secret_value(), Fields(said).raw("passphrase")
    if theirs is None and "message" in Fields(said):
        report.says.append("passphrase: none, so only a link's URL would take it")
    elif theirs is not None and ours and not same_secret(theirs, ours):
        report.problems.append(("passphrase", "it is not the one of the settings: the door would answer 401"))


def _elsewhere(settings: Settings) -> bool:
    return any(account.broker != "paper" for account in settings.accounts)


def _read(fields: Fields, directory: Directory, now: datetime) -> Alert:
    """In the dialect that it speaks, as a link's URL takes it. Raises ApiError 422."""
    if fields.has("direction"):
        return parse_hub(fields, received_at=now, body="")
    if fields.has("message") or not fields.has("symbol"):
        account = resolve(fields, directory)
        return parse_order(fields, source=Source.ORDER, received_at=now, body="", account=account)
    return parse_link(fields, received_at=now, body="", link=LinkId("?"), account=_first(directory).name)


def _first(directory: Directory) -> Account:
    return directory.accounts[0]


def _describe(alert: Alert, directory: Directory, report: Report, settings: Settings, now: datetime) -> None:
    dialect = "chart order" if alert.source is Source.ORDER else "hub" if alert.source is Source.HUB else "link"
    report.says.append(f"Dialect: {dialect}.")
    account = directory.account(alert.account) if alert.account else _first(directory)
    if isinstance(account, Refused):
        return
    found = directory.find(account.name, alert.ticker, alert.exchange)
    if alert.source is Source.ORDER:
        report.says.append(f"Account: {account.name} ({account.broker}).")
    else:
        report.says.append("Account, size and exits: those of the link whose URL it comes to.")
    if isinstance(found, Instrument):
        report.says.append(f"Instrument: {found.ticker} on {found.exchange}, step {plain(found.step)}.")
    elif not _elsewhere(settings):
        name = "ticker" if alert.source is Source.ORDER else "symbol"
        report.problems.append((name, render(f"refused.{found.code}", found.params)))
    report.says.append(_deed(alert, settings))
    if alert.kind is AlertKind.ENTRY and alert.source is Source.ORDER and isinstance(found, Instrument):
        _size(alert, account, found, report, settings)
    _age(alert, report, settings, now)


def _deed(alert: Alert, settings: Settings) -> str:
    match alert.kind:
        case AlertKind.EXIT:
            return "It closes the position and cancels what protects it."
        case AlertKind.BREAKEVEN:
            return "It moves the stop to breakeven."
        case AlertKind.INFO:
            return f"It trades nothing: people are told {alert.message!r}."
    side = alert.side.value if alert.side else "?"
    price = "" if alert.price is None else f" at {plain(alert.price)}"
    asks = settings.webhook.approval is Approval.ASK and alert.source is Source.ORDER
    return f"It enters: {side}, {alert.order_type.value}{price}" + (", after a person's word." if asks else ".")


def _size(alert: Alert, account: Account, instrument: Instrument, report: Report, settings: Settings) -> None:
    """By the account's start money, for lack of a broker to ask."""
    side, price = alert.side, alert.price
    if side is None or price is None:
        return
    levels = alert.levels(side)
    cash = next((getattr(s, "cash", None) for s in settings.accounts if s.name == account.name), None)
    target = "none" if levels.target is None else plain(levels.target)
    if levels.stop is not None:
        report.says.append(f"Stop {plain(levels.stop)}, target {target}.")
    if not isinstance(cash, Decimal) or levels.stop is None:
        report.says.append("Quantity: by the broker's word on free money, which is not asked here.")
        return
    risk, most, over = account.risk_percent, account.leverage_max, settings.risk.over_leverage
    quantity = size_by_risk(cash, risk, price, levels.stop, instrument, most, over)
    if isinstance(quantity, Refused):
        report.problems.append(("quantity", render(f"refused.{quantity.code}", quantity.params)))
        return
    report.says.append(
        f"Quantity {plain(quantity)}: {plain(risk)} % of {plain(cash)} {account.currency} is lost at the stop."
    )


def _age(alert: Alert, report: Report, settings: Settings, now: datetime) -> None:
    entry = alert.kind is AlertKind.ENTRY
    oldest = settings.webhook.alert_age_s_max if entry else settings.webhook.exit_age_s_max
    if alert.sent_at is None:
        report.says.append('Time: none, so it is never too old; "time": "{{timenow}}" would tell.')
    elif oldest and now - alert.sent_at > timedelta(seconds=oldest):
        report.says.append(f"Time: {alert.sent_at:%Y-%m-%d %H:%M:%S} UTC; sent now, it would be reported as too old.")
