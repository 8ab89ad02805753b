"""What the owner trades, told to processes that stand by: which names their doors may let in."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.ports import Clock, Store
from core.services.directory import Directory, Names
from core.values.accounts import Account, Mode
from core.values.changes import FlagSet
from core.values.errors import DeskError
from core.values.ids import AccountName, UserId
from core.values.instrument import Instrument
from storage.vault import KeyFile

log = logging.getLogger(__name__)

LISTING, MARK, KEY = "listing", "listing.mark", "vault.mark"
"""Flags of the journal: the whole listing, by what one sees that it is another, and the same of the vault's key."""
LOOK_S = 1.0


class Listed(NamedTuple):
    """See `Instrument`."""

    ticker: str
    exchange: str
    venues: Sequence[str]


def key_mark(keys: KeyFile) -> str:
    """By which another process sees that it has the same key; of the key itself it tells nothing. Raises Broken."""
    return hmac.digest(keys.read()[0], b"openoutcry vault mark", "sha256").hex()


async def publish(directory: Directory, keys: KeyFile, store: Store, wire: Clock) -> None:
    """Keep the journal's listing as the directory is, until cancelled."""
    told, mark = -1, ""
    while True:
        if directory.version != told:
            version = directory.version
            listed = [(account, directory.instruments(account.name)) for account in directory.accounts]
            text = await asyncio.to_thread(_text, listed)
            try:
                mark = mark or await store.flag(MARK) or ""
                await store.save(FlagSet(KEY, key_mark(keys)))
                if (digest := hashlib.sha256(text.encode()).hexdigest()) != mark:
                    await store.save(FlagSet(LISTING, text), FlagSet(MARK, digest))
                told, mark = version, digest
            except DeskError as error:
                log.warning("stand-bys do not know what is traded", extra={"reason": str(error)})
        await wire.sleep(LOOK_S)


def _text(listed: Sequence[tuple[Account, Sequence[Instrument]]]) -> str:
    return json.dumps([_row(*each) for each in sorted(listed, key=lambda each: each[0].name)])


def _row(account: Account, instruments: Sequence[Instrument]) -> Mapping[str, object]:
    return {
        "name": account.name,
        "broker": account.broker,
        "mode": account.mode,
        "currency": account.currency,
        "owner": account.owner,
        "instruments": sorted([i.ticker, i.exchange, *sorted(i.venues)] for i in instruments),
    }


def names_of(text: str, tickers: Mapping[str, Mapping[str, str]]) -> Names[Listed]:
    """What `publish` wrote. tickers: see `Names`."""
    names = Names[Listed](tickers)
    for row in json.loads(text):
        account = Account(
            AccountName(row["name"]), row["broker"], Mode(row["mode"]), row["currency"], owner=UserId(row["owner"])
        )
        names.put(
            account, [Listed(ticker, exchange, tuple(venues)) for ticker, exchange, *venues in row["instruments"]]
        )
    return names
