"""Telegram: commands and buttons in, notices out. Import `bot.telegram.bot` only when it is on: aiogram is heavy."""
