"""The demo: everything running on a built-in market, no credentials, no internet."""

from __future__ import annotations

import json
import secrets
import shlex
from decimal import Decimal

from core.rules.exits import round_plan
from core.services.desk import Desk
from core.values.money import plain
from core.values.orders import ExitPlan, Side
from openoutcry.settings import Settings, SettingsError

ACCOUNT = {"name": "Testing", "broker": "paper"}
STOP_AWAY = Decimal("0.04")
TARGET_AWAY = Decimal("0.06")
SAMPLE_TICKER = "SBER"


def furnish(settings: Settings) -> tuple[Settings, dict[str, str]]:
    """What a demo needs beyond its settings: a passphrase, and tokens. Returns those that were made, by their names.

    Raises SettingsError when the settings ask for what a demo never does.
    """
    if any(account.broker != "paper" for account in settings.accounts):
        raise SettingsError("accounts: the demo trades on paper accounts only; use `openoutcry run` for others")
    made: dict[str, str] = {}
    server, webhook, hub = settings.server, settings.webhook, settings.hub
    if not server.api_token.get_secret_value():
        made["TOKEN"] = secrets.token_urlsafe(24)
        server = type(server).model_validate({**server.model_dump(), "api_token": made["TOKEN"]})
    if not hub.token.get_secret_value():
        made["HUB TOKEN"] = secrets.token_urlsafe(24)
        hub = type(hub).model_validate({**hub.model_dump(), "token": made["HUB TOKEN"]})
    if not webhook.passphrase.get_secret_value():
        webhook = type(webhook).model_validate({**webhook.model_dump(), "passphrase": secrets.token_urlsafe(12)})
    return settings.model_copy(update={"server": server, "webhook": webhook, "hub": hub}), made


def sample_alert(desk: Desk, passphrase: str) -> dict[str, str]:
    """A long entry on SBER at the present price with stop and target, as a chart would send it."""
    account = next((a for a in desk.directory.accounts if a.name == ACCOUNT["name"]), desk.directory.accounts[0])
    venue = desk.venues[account.name]
    instrument = desk.directory.instrument(account.name, SAMPLE_TICKER)
    quote = venue.feed.quote(SAMPLE_TICKER)
    price = quote.last if quote is not None and quote.last is not None else instrument.tick
    plan = round_plan(
        ExitPlan(
            stop=instrument.price_nearest(price * (1 - STOP_AWAY)),
            target=instrument.price_nearest(price * (1 + TARGET_AWAY)),
        ),
        Side.BUY,
        instrument,
    )
    assert plan.stop is not None
    assert plan.target is not None
    return {
        "ticker": instrument.ticker,
        "exchange": instrument.exchange,
        "action": "buy",
        "type": "market",
        "price": plain(price),
        "message": "entry",
        "long SL": plain(plan.stop),
        "long TP": plain(plan.target),
        "subaccount": account.name,
        "passphrase": passphrase,
    }


def curl(url: str, alert: dict[str, str]) -> str:
    """One line for a POSIX shell that sends the alert."""
    body = shlex.quote(json.dumps(alert))
    where = f"'{url}/tradingview-to-webhook-order'"
    return f"curl -sS -H 'Content-Type: application/json' {where} -d {body}"
