"""POST /hook/{token}: a webhook link's own URL. The token is the secret; the link says what its alerts may do."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from aiohttp import web

from core.ports import Clock
from core.services.directory import Finder, Named
from core.services.receiving import Taker
from core.services.sharing import accept
from core.values.accounts import Account
from core.values.alerts import Alert, AlertKind, Source
from core.values.errors import Broken, Transient
from core.values.instrument import Instrument
from core.values.links import Link
from core.values.orders import Refused
from kit.http import ApiError, read_body
from texts import render
from webhook_receiver.dialect_hub import parse_hub
from webhook_receiver.dialect_link import OPTION_ACTIONS, parse_link
from webhook_receiver.dialect_order import parse_order
from webhook_receiver.fields import Fields
from webhook_receiver.masking import Mask
from webhook_receiver.reading import read_object
from webhook_receiver.routes import answer

_log = logging.getLogger(__name__)


class LinkFinder(Protocol):
    def by_token(self, token: str) -> Link | None:
        """The link of a URL."""


class OptionFinder(Protocol):
    def find(self, link: Link, account: Account, underlying: str, *, call: bool) -> Instrument | None:
        """What the link's rule means now; None for nothing that the account trades. Raises Transient where only
        another process knows."""


class Hook:
    """The answer waits for the disk, never for a broker."""

    def __init__(
        self, *, intake: Taker, directory: Finder[Named], links: LinkFinder, options: OptionFinder, clock: Clock
    ) -> None:
        self._intake = intake
        self._directory = directory
        self._links = links
        self._options = options
        self._clock = clock

    async def take(self, request: web.Request) -> web.Response:
        """Raises ApiError 404, 413, 422 or 503. A paused link's alerts, and those of another strategy, are kept and
        ignored."""
        token = request.match_info["token"]
        link = self._links.by_token(token)
        if link is None:
            raise ApiError(404, "unknown_link", "there is no such link")
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ["POST"])
        text, raw = read_object(await read_body(request))
        body = Mask(token)(text, raw)
        try:
            alert = self._parse(Fields(raw), link, body, self._clock.now())
            return answer(await accept(self._intake, alert, link))
        except (Transient, Broken) as error:
            _log.error("an alert could not be written: %s", error)
            raise ApiError(503, "not_written", "the alert could not be written; send it again") from None

    def _parse(self, fields: Fields, link: Link, body: str, now: datetime) -> Alert:
        """In the dialect that the body speaks: only the hub's has a direction, only the chart's a message."""
        account = self._directory.account(link.account)
        if isinstance(account, Refused):
            raise _refused(fields, "account", account)
        ticker = "symbol"
        if fields.has("direction"):
            alert = parse_hub(fields, received_at=now, body=body)
        elif fields.has("message"):
            ticker = "ticker"
            alert = parse_order(fields, source=Source.HOOK, received_at=now, body=body, account=account)
        else:
            alert = parse_link(fields, received_at=now, body=body, link=link.id, account=account.name)
        alert = replace(
            alert,
            source=Source.HOOK,
            link=link.id,
            account=account.name,
            owner=link.owner,
            approval="ask" if link.ask else "none",
        )
        return self._named(fields, ticker, alert, link, account)

    def _named(self, fields: Fields, name: str, alert: Alert, link: Link, account: Account) -> Alert:
        """With the instrument that this desk knows: an option where the action asks for one. Raises ApiError 422."""
        call = OPTION_ACTIONS.get(alert.action) if name == "symbol" else None
        if call is not None:
            if link.option is None:
                raise fields.refuse("action", "option_rule_needed", "needs the link's option rule")
            option = self._options.find(link, account, alert.ticker, call=call)
            if option is None:
                raise fields.refuse(name, "no_option", "has no option of the link's expiry and strike")
            return replace(alert, ticker=option.ticker, exchange="")
        found = self._directory.find(account.name, alert.ticker, alert.exchange)
        leaves_options = link.option is not None and alert.kind is AlertKind.EXIT
        if isinstance(found, Refused) and not leaves_options:
            raise _refused(fields, name, found)
        return alert


def _refused(fields: Fields, name: str, refusal: Refused) -> ApiError:
    return ApiError(422, refusal.code, render(f"refused.{refusal.code}", refusal.params), fields.sent_as(name))


def hook_route(hook: Hook) -> web.RouteDef:
    return web.route("*", "/hook/{token}", hook.take)
