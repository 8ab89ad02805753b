"""The chats that are switched on. Each is imported only then: their libraries are the heaviest part of the desk."""

from __future__ import annotations

from collections.abc import Coroutine

from core.commands.console import Console
from core.services.people import People
from core.services.telling import another_desk
from core.values.changes import NoticeMade
from core.values.ids import UserId
from openoutcry.background import kept
from openoutcry.engine import Engine
from openoutcry.payload import payload_reader
from openoutcry.settings import Settings

Running = Coroutine[None, None, None]


def open_chats(settings: Settings, engine: Engine, console: Console, people: People) -> list[Running]:
    """Connect their surfaces to the outbox; what to run for each. READY waits for none of them."""
    found: list[Running] = []
    if settings.telegram.token.get_secret_value():
        found.append(_telegram(settings, engine, console, people))
    if settings.discord.token.get_secret_value():
        found.append(_discord(settings, engine, console, people))
    return [*found, engine.office.noise.run()] if found else []


def _telegram(settings: Settings, engine: Engine, console: Console, people: People) -> Running:
    from bot.telegram.bot import TelegramBot  # noqa: PLC0415 - aiogram is imported only when it is on

    async def on_conflict() -> None:
        """Another desk polls with our token: whoever it is, two desks must not both enter."""
        desk = engine.desk
        if await desk.safety.kill(UserId("desk"), "telegram", "another desk uses this Telegram token"):
            await engine.store.save(NoticeMade(another_desk(desk.desk_id, "telegram", desk.clock.now())))

    telegram = settings.telegram
    bot = TelegramBot(
        console=console,
        people=people,
        store=engine.store,
        wire=engine.wire,
        token=telegram.token.get_secret_value(),
        chat_id=telegram.chat_id,
        allowed=telegram.allowed_user_ids,
        api_base=telegram.api_base,
        language=settings.desk.language,
        noise=engine.office.noise,
        on_conflict=on_conflict,
    )
    engine.outbox.add(bot.surface)
    return kept("telegram", bot.run, engine.wire)


def _discord(settings: Settings, engine: Engine, console: Console, people: People) -> Running:
    from bot.discord.bot import DiscordBot  # noqa: PLC0415 - discord.py is imported only when it is on

    discord = settings.discord
    bot = DiscordBot(
        console=console,
        people=people,
        store=engine.store,
        wire=engine.wire,
        token=discord.token.get_secret_value(),
        guild_id=discord.guild_id,
        study_channel_id=discord.study_channel_id,
        log_channel_id=discord.log_channel_id,
        error_channel_id=discord.error_channel_id,
        api_base=discord.api_base,
        gateway_url=discord.gateway_url,
        text_commands=discord.text_commands,
        language=settings.desk.language,
        noise=engine.office.noise,
        payload=payload_reader(engine),
    )
    engine.outbox.add(bot.surface)
    return kept("discord", bot.run, engine.wire)
