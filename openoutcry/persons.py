"""The people of the settings file and of the database, as the core knows them."""

from __future__ import annotations

from core.services.people import DiscordLists, Member, People
from core.services.users import Users
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
