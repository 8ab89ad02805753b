"""What an alert's names mean on this desk: account, instrument, book, and the rules of the link it came by."""

from __future__ import annotations

from core.rules.options import options_of
from core.rules.routing import Approval
from core.services.directory import Directory
from core.services.ledger import Key, Ledger
from core.services.links import Links
from core.services.trade import Trade
from core.values.accounts import Account, Mode, twin_of
from core.values.alerts import Alert, AlertKind, AlertRecord, Source
from core.values.ids import LinkId
from core.values.instrument import Instrument
from core.values.links import link_book
from core.values.orders import Cause, CauseKind, Refused


class Naming:
    """approval: the order route's; `paper` sends its trades to the paper account beside a live one."""

    def __init__(self, directory: Directory, ledger: Ledger, links: Links, approval: Approval = Approval.AUTO) -> None:
        self._directory = directory
        self._ledger = ledger
        self._links = links
        self._paper = approval is Approval.PAPER

    def trade(self, record: AlertRecord) -> Trade | Refused:
        """What an alert asks for, by the names and links of now. A link that is gone enters nothing any more."""
        alert, because = record.alert, (Cause(CauseKind.ALERT, record.id),)
        if alert.link is None:
            place = self._place(alert, paper=self._paper and alert.source is Source.ORDER)
            return place if isinstance(place, Refused) else Trade(record.id, alert, *place, because)
        link = self._links.get(alert.link)
        if alert.kind is not AlertKind.ENTRY:
            place = self._held_at(alert, alert.link) or self._place(alert, paper=link is not None and link.paper)
            book = link_book(alert.link)
            return place if isinstance(place, Refused) else Trade(record.id, alert, *place, because, book)
        if link is None:
            return Refused("link_gone", {"id": alert.link})
        place = self._place(alert, paper=link.paper)
        if isinstance(place, Refused):
            return place
        return Trade(
            record.id,
            alert,
            *place,
            because,
            book=link.book,
            quantity=link.quantity,
            risk_percent=link.risk_percent,
            rule=link.rule,
        )

    def _place(self, alert: Alert, *, paper: bool) -> tuple[Account, Instrument] | Refused:
        """Account and instrument; the account's paper twin where it is live and paper is asked for."""
        account = self._directory.account(alert.account)
        if isinstance(account, Account) and paper and account.mode is Mode.LIVE:
            account = self._directory.account(twin_of(account.name))
        if isinstance(account, Refused):
            return account
        instrument = self._directory.find(account.name, alert.ticker, alert.exchange)
        return instrument if isinstance(instrument, Refused) else (account, instrument)

    def _held_at(self, alert: Alert, link: LinkId) -> tuple[Account, Instrument] | Refused | None:
        """Where a link's book holds what is to be left, whatever the link says by now."""
        for name, ticker, _ in self.held(link, alert):
            account = self._directory.account(name)
            return account if isinstance(account, Refused) else (account, self._directory.instrument(name, ticker))
        return None

    def held(self, link_id: LinkId, alert: Alert) -> list[Key]:
        """What a link's book holds, or enters just now, of the alert's symbol or of options on it."""
        book = link_book(link_id)
        busy = [(o.request.account, o.request.ticker, o.request.book) for o in self._ledger.orders.values()]
        keys = dict.fromkeys([*self._ledger.positions, *busy])
        return [key for key in keys if key[2] == book and self._meant(key, alert)]

    def _meant(self, key: Key, alert: Alert) -> bool:
        found = self._directory.find(key[0], alert.ticker, alert.exchange)
        if isinstance(found, Instrument) and found.ticker == key[1]:
            return True
        return any(o.ticker == key[1] for o in options_of(self._directory.instruments(key[0]), alert.ticker))
