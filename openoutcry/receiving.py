"""The doors of a process that stands by: alerts are put on disk for the desk's owner, all else is sent away."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from aiohttp import web

from core.ports import Clock
from core.services.directory import Finder, Named
from core.services.receiving import Receiving
from core.services.tokens import token_hash
from core.values.accounts import Account
from core.values.errors import Transient
from core.values.instrument import Instrument
from core.values.links import Link
from kit.auth import bearer, networks, same_secret
from kit.http import ApiError, errors_as_json, json_response
from openoutcry.listings import KEY, LISTING, MARK, key_mark, names_of
from openoutcry.settings import Settings, SettingsError
from storage.postgres import open_inbox
from storage.sql.store import SqlInbox
from storage.vault import key_file
from webhook_receiver.hook import Hook, hook_route
from webhook_receiver.routes import Receiver, webhook_routes

log = logging.getLogger(__name__)


class _Links:
    """Of the journal, as they were when they were last looked at."""

    def __init__(self, links: Iterable[Link]) -> None:
        self._by_hash = {link.token_hash: link for link in links}

    def by_token(self, token: str) -> Link | None:
        return self._by_hash.get(token_hash(token))


class _NoOptions:
    def find(self, _link: Link, _account: Account, _underlying: str, *, call: bool) -> Instrument | None:
        raise Transient(f"which option a {'call' if call else 'put'} means now is known where the desk is owned")


class _Doors:
    """What answers as long as accounts and links stay as they are."""

    def __init__(
        self, settings: Settings, receiving: Receiving, names: Finder[Named], links: _Links, clock: Clock
    ) -> None:
        receiver = Receiver(
            intake=receiving,
            directory=names,
            passphrase=settings.webhook.passphrase.get_secret_value(),
            clock=clock,
            trusted_proxies=networks(settings.server.trusted_proxies),
        )
        hook = Hook(intake=receiving, directory=names, links=links, options=_NoOptions(), clock=clock)
        self.routes = {route.path: route.handler for route in (*webhook_routes(receiver), hook_route(hook))}


class Post:
    """Takes alerts in while this process stands by. name: of its connections. owner: who owns the desk, as far as it
    is known."""

    def __init__(self, settings: Settings, address: str, clock: Clock, name: str) -> None:
        self._settings = settings
        self._address = address
        self._clock = clock
        self._name = name
        self._inbox: SqlInbox | None = None
        self._receiving: Receiving | None = None
        self._known: tuple[object, ...] = ()
        self._doors: _Doors | None = None
        self.owner = ""

    async def follow(self) -> None:
        """Know the accounts and links of now. Raises Transient where the journal cannot tell, SettingsError where this
        process could not own the desk."""
        if self._inbox is None:
            self._inbox = await open_inbox(self._address, self._clock, self._name)
            self._receiving = Receiving(self._inbox, self._clock, self._settings.webhook.resend_window_s)
            await self._receiving.start()
        mark = await self._inbox.flag(MARK)
        head = await self._inbox.audit(1)  # every change of a link is in the trail
        known = (mark, [row.number for row in head.items])
        if mark is None or known == self._known:
            return
        self._check_key(await self._inbox.flag(KEY))
        assert self._receiving is not None
        text = await self._inbox.flag(LISTING)
        names = names_of(text or "[]", self._settings.tickers)
        links = _Links((await self._inbox.roll()).links)
        self._doors = _Doors(self._settings, self._receiving, names, links, self._clock)
        self._known = known

    def _check_key(self, mark: str | None) -> None:
        keys = key_file(self._settings.desk.data_dir)
        if mark is not None and (not keys.path.exists() or key_mark(keys) != mark):
            raise SettingsError(f"desk.data_dir: copy vault.key of the process that owns the desk to {keys.path}")

    async def close(self) -> None:
        if self._inbox is not None:
            await self._inbox.close()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[errors_as_json])
        app.router.add_get("/livez", _alive)
        app.router.add_get("/readyz", _not_ready)
        for method, path in (
            ("POST", "/tradingview-to-webhook-order"),
            ("POST", "/tradingview-to-discord-study"),
            ("*", "/hook/{token}"),
        ):
            app.router.add_route(method, path, self._take)
        app.router.add_route("*", "/{rest:.*}", self._elsewhere)
        return app

    async def _take(self, request: web.Request) -> web.StreamResponse:
        if self._doors is None:
            raise ApiError(503, "not_written", "no alert can be taken in yet; send it again")
        resource = request.match_info.route.resource
        assert resource is not None
        return await self._doors.routes[resource.canonical](request)

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        """Who owns the desk is told to whoever has the API's token."""
        token = self._settings.server.api_token.get_secret_value()
        known = bool(token) and same_secret(bearer(request), token)
        owner = f" ({self.owner or 'nobody now'})" if known else ""
        raise ApiError(503, "standing_by", f"this process stands by: ask the one that owns the desk{owner}")


async def _alive(_request: web.Request) -> web.Response:
    return json_response({"status": "ok"})


async def _not_ready(_request: web.Request) -> web.Response:
    return json_response({"status": "unavailable"}, 503)
