"""`!payload {json}`: an alert typed by a person. It goes the way of the order route, without its passphrase."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from core.values.alerts import Receipt, Source
from core.values.orders import Refused
from core.values.people import Person, Role
from kit.http import ApiError
from openoutcry.engine import Engine
from webhook_receiver.dialect_order import parse_order, resolve
from webhook_receiver.fields import Fields
from webhook_receiver.masking import Mask
from webhook_receiver.reading import read_object

Payload = Callable[[str, Person], Awaitable[Receipt | Refused]]


def payload_reader(engine: Engine) -> Payload:
    """An approver's goes to the market at once, a trader's becomes a proposal, anybody else's is refused."""
    mask = Mask("")

    async def take(text: str, person: Person) -> Receipt | Refused:
        if not person.may(Role.TRADER):
            return Refused("not_allowed", {"role": Role.TRADER.word})
        try:
            said, raw = read_object(text.encode(errors="surrogatepass"))
            fields = Fields(raw)
            account = resolve(fields, engine.desk.directory)
            now = engine.clock.now()
            alert = parse_order(fields, source=Source.CHAT, received_at=now, body=mask(said, raw), account=account)
        except ApiError as error:
            return Refused("bad_payload", {"field": error.field or "payload", "reason": error.message})
        approval = "none" if person.may(Role.APPROVER) else "ask"
        # A person's word is fresh whatever time the copied text carries; the same text is still the same alert.
        return await engine.intake.accept(replace(alert, approval=approval, sent_at=None))

    return take
