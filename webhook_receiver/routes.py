"""The two fixed TradingView routes: authenticate, parse, put on disk, answer."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable

from aiohttp import web

from core.crashpoints import crashpoint
from core.ports import Clock
from core.services.directory import Finder, Named
from core.services.receiving import Taker
from core.values.alerts import Receipt, Source
from core.values.errors import Broken, Transient
from kit.auth import Networks, real_peer, same_secret, site_of
from kit.http import ApiError, ReadyResponse, read_body
from kit.secrets import MASK
from webhook_receiver.dialect_order import parse_order, resolve
from webhook_receiver.fields import Fields
from webhook_receiver.masking import Mask
from webhook_receiver.reading import read_object

_log = logging.getLogger(__name__)

_STRANGERS_MAX = 1_000

Told = Callable[[str, int], None]
"""Called with where a peer comes from and how often it came without the right secret: at the 1st, 10th, 100th try."""


def _nobody(_peer: str, _tries: int) -> None:
    pass


class Receiver:
    """What the webhook routes need. passphrase: empty = they answer 401. clock: the market's."""

    def __init__(
        self,
        *,
        intake: Taker,
        directory: Finder[Named],
        passphrase: str,
        clock: Clock,
        trusted_proxies: Networks = (),
        on_stranger: Told = _nobody,
    ) -> None:
        self._intake = intake
        self._directory = directory
        self._passphrase = passphrase
        self._mask = Mask(passphrase)
        self._clock = clock
        self._trusted_proxies = trusted_proxies
        self._on_stranger = on_stranger
        self._strangers: OrderedDict[str, int] = OrderedDict()

    async def take(self, request: web.Request, source: Source) -> web.Response:
        """Raises ApiError 401, 413, 422 or 503; the answer is sent only once the alert is on disk."""
        if not self._passphrase:
            raise self._stranger(request)
        text, raw = read_object(await read_body(request))
        crashpoint("in.recv")
        fields = Fields(raw)
        if not same_secret(fields.raw("passphrase"), self._passphrase):
            raise self._stranger(request)
        body = self._mask(text, raw)
        if body.count(MASK) > 1:  # a chart that says it elsewhere as well: no field may carry it on
            fields = Fields(read_object(body.encode())[1])
        account = resolve(fields, self._directory)
        now = self._clock.now()
        alert = parse_order(fields, source=source, received_at=now, body=body, account=account)
        try:
            return answer(await self._intake.accept(alert))
        except (Transient, Broken) as error:
            _log.error("an alert could not be written: %s", error)
            raise ApiError(503, "not_written", "the alert could not be written; send it again") from None

    def _stranger(self, request: web.Request) -> ApiError:
        """Every try counts, one in ten times as many is told: a thousand tries are four lines."""
        peer = site_of(real_peer(request, self._trusted_proxies))
        tries = self._strangers[peer] = self._strangers.get(peer, 0) + 1
        self._strangers.move_to_end(peer)
        if len(self._strangers) > _STRANGERS_MAX:
            self._strangers.popitem(last=False)
        if str(tries).strip("0") == "1":
            _log.warning("webhook refused %s: no or wrong secret, %d so far", peer, tries)
            self._on_stranger(peer, tries)
        return ApiError(401, "unauthorized", "the passphrase is missing or wrong")


def answer(receipt: Receipt) -> web.Response:
    """200, written by hand: ids and statuses need no escaping, and this is the hot path."""
    body = f'{{"success": true, "alert_id": "{receipt.alert_id}", "status": "{receipt.status.value}"}}'
    return ReadyResponse(body=body.encode())


def webhook_routes(receiver: Receiver) -> list[web.RouteDef]:
    async def order(request: web.Request) -> web.Response:
        return await receiver.take(request, Source.ORDER)

    async def study(request: web.Request) -> web.Response:
        return await receiver.take(request, Source.STUDY)

    return [
        web.post("/tradingview-to-webhook-order", order),
        web.post("/tradingview-to-discord-study", study),
    ]
