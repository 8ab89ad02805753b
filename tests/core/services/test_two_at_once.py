"""Changes of one row by two people at once: both count, and what was taken away stays away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.values.orders import Refused
from core.values.people import Role
from tests.desk import OWNER, TESTING, TestDesk, opened

PASSWORD, NEXT = "a password of the usual length", "another one of that length"
LINK = {"name": "one", "account": TESTING, "strategy": "s", "quantity": "1", "paper": True}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[TestDesk]:
    async with opened(tmp_path) as desk:
        yield desk


async def test_a_person_who_was_removed_meanwhile_stays_removed(desk: TestDesk) -> None:
    """A password takes its time to be hashed."""
    users = desk.engine.office.users
    await users.add({"username": "ann", "password": PASSWORD}, OWNER)
    ann = users.by_id(next(user.id for user in users.seen(OWNER)), "test")
    assert ann is not None
    await asyncio.gather(users.change_password(ann, PASSWORD, NEXT), users.remove("ann", OWNER))
    assert isinstance(await users.by_password("ann", NEXT, "test"), Refused)
    assert users.seen(OWNER) == []


async def test_a_role_that_was_taken_meanwhile_stays_taken(desk: TestDesk) -> None:
    """And the new password is in force as well."""
    users = desk.engine.office.users
    await users.add({"username": "ann", "password": PASSWORD, "role": "admin"}, OWNER)
    ann = users.by_id(next(user.id for user in users.seen(OWNER)), "test")
    assert ann is not None
    await asyncio.gather(users.change_password(ann, PASSWORD, NEXT), users.change("ann", {"role": "viewer"}, OWNER))
    now = await users.by_password("ann", NEXT, "test")
    assert not isinstance(now, Refused)
    assert now.role is Role.VIEWER


async def test_a_link_that_got_a_new_url_meanwhile_keeps_it(desk: TestDesk) -> None:
    """The old one opens nothing, whatever else was changed in that moment."""
    links = desk.engine.office.links
    made = await links.create(LINK, OWNER)
    assert not isinstance(made, Refused)
    link, token = made
    rotated, _ = await asyncio.gather(links.rotate(link.id, OWNER), links.change(link.id, {"name": "two"}, OWNER))
    assert not isinstance(rotated, Refused)
    found = links.by_token(rotated[1])
    assert found is not None
    assert (found.name, links.by_token(token)) == ("two", None)


async def test_a_link_that_was_deleted_meanwhile_is_gone(desk: TestDesk) -> None:
    """Its URL opens nothing."""
    links = desk.engine.office.links
    made = await links.create(LINK, OWNER)
    assert not isinstance(made, Refused)
    link, token = made
    await asyncio.gather(links.delete(link.id, OWNER), links.change(link.id, {"name": "two"}, OWNER))
    assert links.by_token(token) is None
