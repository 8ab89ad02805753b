"""`openoutcry check`: looks, and changes nothing."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from brokers.paper.contracts import listings
from core.clock import SystemClock
from core.values.errors import Broken, Rejected, Transient
from openoutcry.report import SQLITE_SOUND
from openoutcry.sections import AlpacaAccount, AngelOneAccount, CcxtAccount, TInvestAccount
from openoutcry.settings import Settings, SettingsError
from texts import render


def check_settings(settings: Settings) -> list[str]:
    """What a start with these settings would find, a line each. Raises Broken or SettingsError for what would
    stop it."""
    from openoutcry.backups import directory_of  # noqa: PLC0415 - kill and arm need none of it

    directory = settings.desk.data_dir
    _writable("desk.data_dir", directory)
    if settings.backup.on:
        _writable("backup.directory", directory_of(settings))
    try:
        listings(SystemClock().now(), settings.market.prices, exchange_hours=False)
    except ValueError as error:
        raise SettingsError(f"market.prices: {error}") from None
    lines = [f"settings: fine ({settings.desk.mode})", f"data: {directory}"]
    lines += [f"account {a.name}: {a.broker}, risk {a.risk_percent} %" for a in settings.accounts]
    lines += asyncio.run(connections(settings))
    if not settings.accounts:
        lines.append("accounts: none, so `run` will not start")
    off = settings.risk.off()
    lines.append(f"risk limits off: {', '.join(off) or 'none'}")
    if not settings.webhook.passphrase.get_secret_value():
        lines.append("webhook.passphrase is empty: the TradingView routes answer 401")
    if sqlite3.sqlite_version_info < SQLITE_SOUND:
        lines.append(
            f"SQLite {sqlite3.sqlite_version}: sound here with the desk's one writer; 3.51.3 or newer is better"
        )
    return lines


def _writable(key: str, directory: Path) -> None:
    """Whether it, or the folder that it would be made in, takes files. Raises Broken."""
    try:
        nearest = next(path for path in (directory.absolute(), *directory.absolute().parents) if path.exists())
    except OSError as error:
        raise Broken(f"{key}: {directory}: {error.strerror}") from None
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise Broken(f"{key}: {nearest} cannot be written")


async def connections(settings: Settings) -> list[str]:
    """Asks every account's broker one thing that changes nothing. Raises Broken with the words of all that failed."""
    looks = [(LOOKS[account.broker], account) for account in settings.accounts if account.broker in LOOKS]
    found = [await look(account, settings.desk.language) for look, account in looks]
    failed = [words for fine, words in found if not fine]
    if failed:
        raise Broken("\n".join(failed))
    return [words for _, words in found]


async def _tinvest(account: TInvestAccount, language: str) -> tuple[bool, str]:
    from brokers.tinvest import access_of  # noqa: PLC0415 - imported only where an account uses it
    from brokers.tinvest.check import look  # noqa: PLC0415 - as above

    access = access_of(account.model_dump())
    known = {"account": account.name, "broker": "T-Invest", "host": urlsplit(access.base_url).netloc}
    if not access.reading:
        return True, render("check.no_token", known, language)
    try:
        it = await look(access, account.account_id, SystemClock())
    except Rejected as no:
        return False, render(f"check.{no.code}", {**known, "detail": no.reason}, language)
    except Transient as error:
        return False, render("check.unreachable", {**known, "detail": error.reason}, language)
    word = "found" if it.trades and access.token else "reads_only"
    return True, render(f"check.{word}", {**known, "id": it.id, "name": it.name}, language)


async def _alpaca(account: AlpacaAccount, language: str) -> tuple[bool, str]:
    from brokers.alpaca import access_of  # noqa: PLC0415 - imported only where an account uses it
    from brokers.alpaca.account import look  # noqa: PLC0415 - as above

    access = access_of(account.model_dump())
    known = {"account": account.name, "host": urlsplit(access.base_url).netloc}
    if not access.key_id or not access.secret_key:
        return True, render("check_alpaca.no_key", known, language)
    try:
        it = await look(access, SystemClock())
    except Rejected as no:
        return False, render("check_alpaca.key_refused", known, language) if no.code == "key_refused" else str(no)
    except Transient as error:
        return False, render("check.unreachable", {**known, "detail": error.reason}, language)
    word = "blocked" if it.blocked else "found" if it.day_trades_left is None else "day_trades"
    params = {**known, "id": it.id, "status": it.status, "left": str(it.day_trades_left)}
    return not it.blocked, render(f"check_alpaca.{word}", params, language)


async def _angelone(account: AngelOneAccount, language: str) -> tuple[bool, str]:
    from brokers.angelone import access_of, unusable  # noqa: PLC0415 - imported only where an account uses it
    from brokers.angelone.check import look  # noqa: PLC0415 - as above

    access = access_of(account.model_dump())
    known = {"account": account.name, "host": urlsplit(access.base_url).netloc}
    if not access.complete:
        return True, render("check_angelone.incomplete", known, language)
    if why := unusable(access):
        return False, render("check_angelone.unusable", {**known, "detail": why}, language)
    try:
        it = await look(access, SystemClock())
    except Rejected as no:
        return False, render(f"check_angelone.{no.code}", {**known, "detail": no.reason}, language)
    except Transient as error:
        return False, render("check.unreachable", {**known, "detail": error.reason}, language)
    return True, render("check_angelone.found", {**known, "id": it.id, "name": it.name}, language)


async def _ccxt(account: CcxtAccount, language: str) -> tuple[bool, str]:
    from brokers.ccxt import access_of, dialect_of  # noqa: PLC0415 - imported only where an account uses it
    from brokers.ccxt.check import look  # noqa: PLC0415 - as above

    settings = account.model_dump()
    access, dialect = access_of(settings), dialect_of(account.name, settings, account.currency)
    known = {"account": account.name, "exchange": dialect.exchange, "market": account.market, "host": account.exchange}
    if not access.api_key or not access.api_secret:
        return True, render("check_ccxt.no_key", known, language)
    if dialect.phrase and not access.passphrase:
        return False, render("check_ccxt.refused", {**known, "detail": "api_passphrase?"}, language)
    try:
        it = await look(dialect, access, SystemClock(), hedge=account.position_mode == "hedge")
    except Rejected as no:
        word = no.code if no.code in {"key_can_withdraw", "token_refused", "token_lacks_rights"} else "refused"
        return False, render(f"check_ccxt.{word}", {**known, "detail": no.reason or no.code}, language)
    except Transient as error:
        return False, render("check.unreachable", {**known, "detail": error.reason}, language)
    return True, render("check_ccxt.found", {**known, "listed": str(it.listed)}, language)


LOOKS: Mapping[str, Callable[[Any, str], Awaitable[tuple[bool, str]]]] = {
    "tinvest": _tinvest,
    "alpaca": _alpaca,
    "angelone": _angelone,
    "ccxt": _ccxt,
}
"""How each broker's account is looked at, in words of a language: whether all is well, and what was found."""
