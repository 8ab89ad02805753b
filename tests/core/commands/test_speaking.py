"""In which language the desk speaks with whom."""

from __future__ import annotations

from pathlib import Path

from core.services.people import Member, People
from core.services.users import Users
from core.values.orders import Refused
from core.values.people import Person, Role, owner_person
from tests.desk import TestDesk, opened, person


def known(users: Users) -> People:
    """The owner, by token, Telegram and Discord, and somebody who reads along."""
    members = [Member("eve", Role.VIEWER, telegram_id=2, discord_id=3, token="eve-token")]
    return People(
        members=members,
        telegram_users=[1, 2],
        owner_token="owner-token",
        others=users.by_token,
        speaking=users.speaking,
    )


async def test_a_person_chooses_a_language_and_keeps_it_on_every_surface(data_dir: Path) -> None:
    """Over a restart too; nobody else is spoken to otherwise."""
    async with opened(data_dir) as desk:
        answer = await desk.say("/language RU", owner_person("telegram"))
        assert answer.key == "command.speaks_ru"
        await desk.say("/language ru", person(Role.VIEWER, "eve"))
        await desk.say("/language en", person(Role.VIEWER, "eve"))
    async with opened(data_dir) as desk:
        people = known(desk.engine.office.users)
        mine = [people.by_token("owner-token"), people.by_telegram(1)]
        eves = [people.by_token("eve-token"), people.by_telegram(2), people.by_discord(3, ())]
        assert [who.language for who in mine if who] == ["ru", "ru"]
        assert [who.language for who in eves if who] == ["en", "en", "en"]


async def test_somebody_of_the_database_changes_their_own_language_and_nothing_else(data_dir: Path) -> None:
    """No admin is needed; the register holds it, where an admin may change it again."""
    async with opened(data_dir) as desk:
        users = desk.engine.office.users
        added = await users.add({"username": "Bob", "password": "correct horse"}, owner_person("api"))
        assert not isinstance(added, Refused)
        await desk.say("/language ru", added.person("dashboard"))
    async with opened(data_dir) as desk:
        users = desk.engine.office.users
        again = users.again(Person(added.id, "Bob", Role.ADMIN, "dashboard"))
        assert again is not None
        assert (again.language, again.role) == ("ru", Role.VIEWER)
        await users.change("bob", {"language": "en"}, owner_person("api"))
        assert users.again(again) == added.person("dashboard")


async def test_a_language_nobody_wrote_a_catalogue_for_is_refused(desk: TestDesk) -> None:
    """With the ones there are."""
    answer = await desk.say("/language tlh")
    assert (answer.params["code"], answer.params["usage"]) == ("usage", "/language <en | ru>")
