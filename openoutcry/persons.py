"""The people of the settings file and of the database, as the core knows them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from core.ports import Clock, Store
from core.services.noise import Noise
from core.services.people import DiscordLists, Member, People
from core.services.users import Users
from core.values.ids import UserId
from core.values.people import Role
from openoutcry.settings import Settings


def who(settings: Settings, users: Users) -> People:
    """Everybody that this desk knows, on every surface."""
    discord = settings.discord
    members = [
        Member(p.name, Role[p.role.upper()], p.telegram_id, p.discord_id, p.token.get_secret_value())
        for p in settings.people
    ]
    return People(
        members=members,
        telegram_users=settings.telegram.allowed_user_ids,
        discord=DiscordLists(
            approver_users=frozenset(discord.approver_user_ids),
            approver_roles=frozenset(discord.approver_role_ids),
            trader_users=frozenset(discord.trader_user_ids),
            trader_roles=frozenset(discord.trader_role_ids),
        ),
        owner_token=settings.server.api_token.get_secret_value(),
        language=settings.desk.language,
        others=users.by_token,
        speaking=users.speaking,
    )


def noise_of(settings: Settings, store: Store, wire: Clock) -> Noise:
    """What chats tell. Who is reached by two of them: those of [[people]] with an id on each, while both are on."""
    telegram, discord = settings.telegram, settings.discord
    on = bool(telegram.token.get_secret_value() and discord.token.get_secret_value())
    both = [p for p in settings.people if on and p.discord_id and p.telegram_id in telegram.allowed_user_ids]
    listed = {*discord.approver_user_ids, *discord.trader_user_ids, *(p.discord_id for p in settings.people)} - {0}
    roles = {*discord.approver_role_ids, *discord.trader_role_ids}
    return Noise(
        store,
        wire,
        ZoneInfo(settings.desk.timezone),
        settings.noise.words(),
        [UserId(p.name) for p in both],
        alone=bool(both) and not roles and listed == {p.discord_id for p in both},
    )
