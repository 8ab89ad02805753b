"""What every journal promises about people, their accounts, links and credentials."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.ports import Store
from core.values.accounts import AddedAccount
from core.values.alerts import AlertStatus
from core.values.changes import (
    AccountMade,
    AccountSet,
    AlertNoted,
    Change,
    CredentialsSet,
    FillTaken,
    HistoryHidden,
    LinkSet,
    OrderMade,
    TokenGone,
    TokenMade,
    UserMade,
    UserSet,
)
from core.values.errors import Conflict
from core.values.ids import AccountName, AlertId, LinkId, OrderId, UserId
from core.values.links import Link
from core.values.orders import OrderState
from core.values.people import ApiToken, Role, Roll, User
from tests.contracts.samples import BOB, DEMO, FIVE, NOON, alert, fill, later, order

EVA = UserId("eva")


def user(name: UserId = BOB) -> User:
    return User(name, name.title(), Role.TRADER)


def link(link_id: str, **changes: object) -> Link:
    made = Link(LinkId(link_id), link_id, DEMO, "strategy", NOON, f"hash of {link_id}", quantity=FIVE, owner=BOB)
    return replace(made, **changes)  # type: ignore[arg-type]  # by name, in tests alone


def account(name: str) -> AddedAccount:
    return AddedAccount(AccountName(name), "paper", NOON, {"cash": "5"}, owner=BOB)


class PeopleContract:
    async def test_roll_of_an_empty_journal(self, store: Store) -> None:
        """Nobody, nothing."""
        assert await store.roll() == Roll([], [], [], [], {})

    async def test_a_user_is_made_once(self, store: Store) -> None:
        """The id of one who left is taken, too; nobody is changed who was never made."""
        await store.save(UserMade(user()))
        with pytest.raises(Conflict):
            await store.save(UserMade(user()))
        with pytest.raises(Conflict):
            await store.save(UserSet(user(EVA)))
        await store.save(UserSet(replace(user(), deleted_at=later(1))))
        with pytest.raises(Conflict):
            await store.save(UserMade(user()))

    async def test_who_leaves_takes_their_tokens_along(self, store: Store) -> None:
        """Others keep theirs; the row stays."""
        tokens = [ApiToken("1", BOB, NOON), ApiToken("2", EVA, later(1))]
        await store.save(UserMade(user()), UserMade(user(EVA)), *map(TokenMade, tokens))
        assert (await store.roll()).tokens == tokens
        left = replace(user(), deleted_at=later(5))
        await store.save(UserSet(left))
        roll = await store.roll()
        assert (roll.tokens, roll.users) == ([tokens[1]], [left, user(EVA)])

    async def test_a_token_goes_by_its_hash(self, store: Store) -> None:
        """That one alone; one that is not there is no matter."""
        tokens = [ApiToken("1", BOB, NOON), ApiToken("2", BOB, later(1))]
        await store.save(UserMade(user()), *map(TokenMade, tokens))
        await store.save(TokenGone("1"), TokenGone("nothing"))
        assert (await store.roll()).tokens == [tokens[1]]

    async def test_links_are_replaced_by_id_and_named_once(self, store: Store) -> None:
        """By owner, in any case; a deleted link's name is free, its token is not."""
        await store.save(LinkSet(link("a")), LinkSet(link("b")), LinkSet(link("A2", name="A", owner=EVA)))
        for taken in (link("c", name="A"), link("c", token_hash=link("a").token_hash)):
            with pytest.raises(Conflict):
                await store.save(LinkSet(taken))
        paused = link("a", running=False)
        await store.save(LinkSet(paused), LinkSet(link("b", deleted_at=later(1))))
        assert [kept.id for kept in (await store.roll()).links] == ["a", "A2"]
        assert (await store.roll()).links[0] == paused
        await store.save(LinkSet(link("d", name="B")))

    async def test_an_accounts_name_is_used_once(self, store: Store) -> None:
        """In any case, for good."""
        await store.save(AccountMade(account("Main")))
        gone = replace(account("Main"), deleted_at=later(1))
        await store.save(AccountSet(gone))
        assert (await store.roll()).accounts == []
        for change in (AccountMade(account("MAIN")), AccountSet(account("Other"))):
            with pytest.raises(Conflict):
                await store.save(change)

    async def test_credentials_go_with_their_account(self, store: Store) -> None:
        """Replaced, forgotten by word, or gone with the account."""
        names = [AccountName(name) for name in ("a", "b", "c")]
        made: list[Change] = [AccountMade(account(name)) for name in names]
        await store.save(*made, *(CredentialsSet(name, "sealed", BOB) for name in names))
        changed = [CredentialsSet(names[0], "anew", BOB), CredentialsSet(names[1], None, BOB)]
        await store.save(*changed, AccountSet(replace(account("c"), deleted_at=NOON)))
        assert (await store.roll()).credentials == {"a": ("anew", BOB)}
        assert [await store.sealed(name) for name in names] == ["anew", None, None]

    async def test_hidden_history_is_left_out_of_lists_alone(self, store: Store) -> None:
        """Finished orders of the owner up to the moment, and their fills; by id they are there."""
        done = {"state": OrderState.FILLED}
        orders = [order("old", owner=BOB, **done), order("live", owner=BOB), order("theirs", owner=EVA, **done)]
        fills = [fill("old", owner=BOB), fill("new", owner=BOB, at=later(9)), fill("theirs", owner=EVA)]
        await store.save(*map(OrderMade, orders), *map(FillTaken, fills))
        await store.save(HistoryHidden(BOB, later(5)))
        assert [kept.id for kept in (await store.orders(10)).items] == ["theirs", "live"]
        assert [kept.id for kept in (await store.fills(10)).items] == ["theirs", "new"]
        assert await store.order(OrderId("old")) == orders[0]
        assert len(await store.fills_since(NOON)) == 3

    async def test_why_an_alert_was_ignored(self, store: Store) -> None:
        """Told in its row, which is done."""
        await store.accept_alert(alert(), AlertId("a"), "a", AlertStatus.IGNORED)
        await store.save(AlertNoted(AlertId("a"), "bot_stopped"))
        kept = await store.alert(AlertId("a"))
        assert kept is not None
        assert (kept.status, kept.done, kept.reason) == (AlertStatus.IGNORED, True, "bot_stopped")
