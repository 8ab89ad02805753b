"""What an alert's names mean on this desk: account, instrument, book, and the rules of the link it came by."""

from __future__ import annotations

from core.rules.options import options_of
from core.rules.routing import Approval
from core.services.directory import Directory
from core.services.ledger import Ledger
from core.services.links import Links
from core.services.trade import Trade
from core.values.accounts import Account, Mode, beside, is_twin, twin_of
from core.values.alerts import Alert, AlertKind, AlertRecord, Source
from core.values.ids import AccountName, LinkId
from core.values.instrument import Instrument
from core.values.links import link_book
from core.values.money import Quantity
from core.values.orders import Cause, CauseKind, Key, Refused


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
        share = next((share.multiplier for share in link.shares if share.name == alert.account), None)
        if share is None:
            return Refused("link_elsewhere", {"account": alert.account or ""})
        place = self._place(alert, paper=link.paper)
        if isinstance(place, Refused):
            return place
        return Trade(
            record.id,
            alert,
            *place,
            because,
            book=link.book,
            quantity=None if link.quantity is None else Quantity(link.quantity * share),
            risk_percent=None if link.risk_percent is None else link.risk_percent * share,
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
        """What a link's book holds, or enters just now, of the alert's symbol or of options on it, as far as it is this
        alert's to leave: what other accounts of the link hold has an alert of its own."""
        book = link_book(link_id)
        busy = [o.request.key for o in self._ledger.orders.values()]
        keys = dict.fromkeys([*self._ledger.positions, *busy])
        return [key for key in keys if key[2] == book and self._its(key[0], link_id, alert) and self._meant(key, alert)]

    def _its(self, account: AccountName, link_id: LinkId, alert: Alert) -> bool:
        """Shares have their own account alone, the link's own alert whatever is left."""
        link = self._links.get(link_id)
        shares = () if link is None else tuple(share.name for share in link.accounts)
        name = beside(account) if is_twin(account) else account
        return name == alert.account if alert.account in shares else name not in shares

    def _meant(self, key: Key, alert: Alert) -> bool:
        found = self._directory.find(key[0], alert.ticker, alert.exchange)
        if isinstance(found, Instrument) and found.ticker == key[1]:
            return True
        return any(o.ticker == key[1] for o in options_of(self._directory.instruments(key[0]), alert.ticker))
