"""The desk's words as Discord takes them: no markup and no mention of theirs, 2,000 characters, buttons."""

from __future__ import annotations

import re

import discord

from bot import words
from core.values.notices import Action, Notice
from core.values.orders import Refused
from texts import render

TEXT_MAX = 2000
_MORE = "\n…"
_STYLES = {
    "action.approve": discord.ButtonStyle.success,
    "action.half": discord.ButtonStyle.primary,
    "action.reject": discord.ButtonStyle.danger,
    "action.confirm": discord.ButtonStyle.danger,
}


_WORD_BREAK = re.compile(r"(?<=[^\W_])\\_(?=[^\W_])")


def plain(text: str) -> str:
    """Shown as it is written: markup escaped, mentions broken. A lone underscore inside a word is no markup."""
    return discord.utils.escape_mentions(_WORD_BREAK.sub("_", discord.utils.escape_markdown(text)))


def cut(text: str, limit: int = TEXT_MAX) -> str:
    """At most `limit` characters, cut between lines where it can be."""
    if len(text) <= limit:
        return text
    return words.split(text, limit - len(_MORE))[0] + _MORE


def notice_text(notice: Notice, language: str) -> str:
    return plain(words.words(notice, language))


def quoted(text: str) -> str:
    """A whole message as a block quote, cut."""
    return ">>> " + cut(text, TEXT_MAX - 4)


def refusal(refused: Refused, language: str) -> str:
    """The code word first, the same in every language."""
    head = render("refusal.head", {"code": refused.code}, language)
    return plain(f"⛔ {head}\n{render(f'refused.{refused.code}', refused.params, language)}")


def buttons(actions: tuple[Action, ...], language: str) -> discord.ui.View | None:
    """Persistent: the id of a button is its action's, and whoever presses it is looked up in the store."""
    if not actions:
        return None
    view = discord.ui.View(timeout=None)
    for action in actions:
        style = _STYLES.get(action.label, discord.ButtonStyle.secondary)
        item: discord.ui.Button[discord.ui.View] = discord.ui.Button(
            style=style, label=words.label(action, language), custom_id=action.id
        )
        view.add_item(item)
    view.stop()  # the library need not remember it: on_interaction answers, also after a restart
    return view
