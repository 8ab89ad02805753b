"""Discord: the desk's study, log and error channels, buttons, slash commands and the few texts it answers."""

from bot.discord.bot import DiscordBot

__all__ = ["DiscordBot"]
