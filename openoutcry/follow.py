"""Another desk's /wsalerts as a source: connected for as long as we run, and again after every failure."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, tzinfo

from aiohttp import ClientError, ClientSession, WSMsgType

from core.ports import Clock
from core.values.raw import RawAlert
from kit.http import BODY_LIMIT, ApiError
from kit.retry import delays
from webhook_receiver.dialect_hub import parse_raw
from webhook_receiver.fields import Fields
from webhook_receiver.reading import read_object

log = logging.getLogger(__name__)

PING_S = 30.0
PAUSE_S_MAX = 10.0
Take = Callable[[RawAlert], Awaitable[None]]


def read_message(text: str, zone: tzinfo = UTC) -> RawAlert:
    """What a hub's socket sends, or a posted alert as it stands. Raises ApiError 422 for anything else."""
    _, fields = read_object(text.encode(errors="replace"))
    stamp = fields.get("timestamp")
    if isinstance(stamp, str) and stamp.isascii() and stamp.isdecimal() and len(stamp) < 12:
        fields["timestamp"] = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if fields.get("price") is None and "id" in fields:
        fields["stratId"] = fields.pop("id")  # an alert of the older generation, which had no price
    return parse_raw(Fields(fields), zone)


async def follow(url: str, token: str, take: Take, wire: Clock, zone: tzinfo = UTC) -> None:
    """Hand every alert of the other desk to `take`, until cancelled. What it told while we were away is not told."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    waits = delays(random.Random(), longest_s=PAUSE_S_MAX)  # noqa: S311 - spreads reconnects, guards nothing
    async with ClientSession(headers=headers) as session:
        while True:
            try:
                async with session.ws_connect(url, heartbeat=PING_S, max_msg_size=BODY_LIMIT) as socket:
                    log.info("following another desk")
                    waits = delays(random.Random(), longest_s=PAUSE_S_MAX)  # noqa: S311 - as above
                    async for message in socket:
                        if message.type is WSMsgType.TEXT:
                            await _hand_over(message.data, take, zone)
                    reason = "it closed the connection"
            except (ClientError, OSError) as error:
                reason = type(error).__name__
            log.warning("the followed desk is away", extra={"reason": reason})
            await wire.sleep(next(waits))


async def _hand_over(text: str, take: Take, zone: tzinfo) -> None:
    try:
        raw = read_message(text, zone)
    except ApiError as error:
        log.warning("what the followed desk sent is no alert", extra={"reason": error.message})
    else:
        await take(raw)
