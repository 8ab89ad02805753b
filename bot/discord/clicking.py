"""Slash commands, buttons and the edit form: acknowledged at once, answered when the desk has answered."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import discord

from bot import words
from bot.discord.office import Office
from bot.discord.rendering import TEXT_MAX, buttons, notice_text, refusal
from bot.discord.slash import line_of
from bot.discord.surface import NETWORK
from core.values.errors import DeskError
from core.values.ids import ActionId, ProposalId
from core.values.money import plain
from core.values.notices import Notice, Press
from core.values.orders import Refused
from core.values.people import Person, Role
from core.values.proposals import Proposal
from texts import render

log = logging.getLogger(__name__)

PIECES_MAX = 5
FIELDS = ("quantity", "price", "type", "stop", "target")
OPTIONAL = frozenset({"stop", "target"})


class Clicking:
    def __init__(self, office: Office) -> None:
        self._office = office

    async def __call__(self, interaction: discord.Interaction) -> None:
        """Once an interaction, for people of the lists; a stranger gets a no that only they see."""
        if not self._office.seen.first(interaction.id):
            return
        person = self._office.who(interaction.user, interaction.guild_id, interaction.channel_id)
        try:
            if person is None:
                await _whisper(interaction, render("discord.stranger", {}, self._office.language))
            else:
                await self._handle(interaction, person)
        except (discord.HTTPException, *NETWORK) as error:
            log.warning("an interaction could not be answered: %s", type(error).__name__)
        except DeskError as error:
            log.warning("an interaction failed: %s", error)
            with suppress(discord.HTTPException, *NETWORK):
                await _whisper(
                    interaction, render("discord.failed", {}, person.language if person else self._office.language)
                )

    async def _handle(self, interaction: discord.Interaction, person: Person) -> None:
        data: Mapping[str, Any] = dict(interaction.data or {})
        match interaction.type:
            case discord.InteractionType.application_command:
                await self._slash(interaction, person, data)
            case discord.InteractionType.component:
                await self._press(interaction, person, ActionId(str(data["custom_id"])))
            case discord.InteractionType.modal_submit:
                await self._submit(interaction, person, ActionId(str(data["custom_id"])), data)

    async def _slash(self, interaction: discord.Interaction, person: Person, data: Mapping[str, Any]) -> None:
        commands = self._office.console.commands
        private = any(command.private or command.secret for command in commands if command.name == data["name"])
        await interaction.response.defer(ephemeral=private)
        options = {option["name"]: option["value"] for option in data.get("options", ())}
        line = line_of(commands, data["name"], options)
        await self._answer(interaction, person, await self._run(line, interaction, person))

    async def _press(self, interaction: discord.Interaction, person: Person, action: ActionId) -> None:
        offered = await self._office.store.press(action)
        if offered is not None and person.may(Role.APPROVER):
            if _is(offered, "edit"):
                await self._show_form(interaction, person, offered)
                return
            if _is_why(offered):
                await interaction.response.send_modal(_why(offered, person.language))
                return
        own = offered is not None and offered.person == person.id  # a confirmation: its message turns into the result
        await interaction.response.defer(ephemeral=True, thinking=not own)
        await self._answer(interaction, person, await self._office.console.press(action, person))

    async def _show_form(self, interaction: discord.Interaction, person: Person, offered: Press) -> None:
        """The edit form, filled with what the proposal says. The button stays: the version is what may be used once."""
        proposal = await self._proposal(offered)
        version = offered.command.split()[2]
        if proposal is None or str(proposal.version) != version:
            newest = {"version": str(proposal.version) if proposal else "?"}
            await _whisper(interaction, refusal(Refused("old_version", newest), person.language))
            return
        modal = discord.ui.Modal(title=render("action.edit", {}, person.language), custom_id=offered.id, timeout=None)
        for name, value in _shown(proposal).items():
            label = render(f"discord.field_{name}", {}, person.language)
            required = name not in OPTIONAL
            item: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
                label=label, custom_id=name, default=value, required=required, max_length=40
            )
            modal.add_item(item)
        modal.stop()  # the library need not remember it
        await interaction.response.send_modal(modal)

    async def _submit(
        self, interaction: discord.Interaction, person: Person, action: ActionId, data: Mapping[str, Any]
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        offered = await self._office.store.press(action)
        if offered is not None and _is_why(offered):
            reason = _typed(data).get("reason", "").replace("@", "")
            await self._answer(interaction, person, await self._run(f"{offered.command} {reason}", interaction, person))
            return
        proposal = await self._proposal(offered) if offered is not None and _is(offered, "edit") else None
        if offered is None or proposal is None:
            await interaction.edit_original_response(content=refusal(Refused("press_gone", {}), person.language))
            return
        before = _shown(proposal)
        after = {name: "".join(value.split()) for name, value in _typed(data).items() if name in before}
        changes = [f"{name}={value}" for name, value in after.items() if value != before[name]]
        line = " ".join([offered.command, *changes])
        await self._answer(interaction, person, await self._run(line, interaction, person))

    async def _proposal(self, offered: Press) -> Proposal | None:
        return await self._office.store.proposal(ProposalId(offered.command.split()[1]))

    async def _run(self, line: str, interaction: discord.Interaction, person: Person) -> Sequence[Notice]:
        return await self._office.console.run(line, person, f"discord:{interaction.id}")

    async def _answer(self, interaction: discord.Interaction, person: Person, notices: Sequence[Notice]) -> None:
        """Into the message that was promised; what does not fit follows."""
        text = "\n".join(notice_text(notice, person.language) for notice in notices)
        first, *rest = words.split(text, TEXT_MAX)[:PIECES_MAX]
        view = buttons(tuple(action for notice in notices for action in notice.actions), person.language)
        await interaction.edit_original_response(content=first, view=view)
        for piece in rest:
            await interaction.followup.send(piece)


async def _whisper(interaction: discord.Interaction, text: str) -> None:
    """Seen by who clicked, and nobody else."""
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=True)
    else:
        await interaction.response.send_message(text, ephemeral=True)


def _is(offered: Press, command: str) -> bool:
    return offered.command.startswith(f"/{command} ")


def _is_why(offered: Press) -> bool:
    """Whether it waits for words: why a proposal was rejected."""
    return _is(offered, "reason") and len(offered.command.split()) == 2


def _why(offered: Press, language: str) -> discord.ui.Modal:
    """The form for a reason in one's own words."""
    modal = discord.ui.Modal(title=render("action.reject", {}, language), custom_id=offered.id, timeout=None)
    item: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        label=render("discord.field_reason", {}, language), custom_id="reason", max_length=300
    )
    modal.add_item(item)
    modal.stop()  # the library need not remember it
    return modal


def _shown(proposal: Proposal) -> Mapping[str, str]:
    """The proposal as the form shows it."""
    return {
        "quantity": plain(proposal.quantity),
        "price": plain(proposal.price),
        "type": proposal.type.value,
        "stop": "" if proposal.stop is None else plain(proposal.stop),
        "target": plain(proposal.targets[-1]) if proposal.targets else "",
    }


def _typed(data: Any) -> dict[str, str]:
    """Field -> text of a form that came back, however its rows are nested."""
    if isinstance(data, Mapping):
        if "value" in data and "custom_id" in data:
            return {str(data["custom_id"]): str(data["value"])}
        return {key: value for part in data.values() for key, value in _typed(part).items()}
    if isinstance(data, list):
        return {key: value for part in data for key, value in _typed(part).items()}
    return {}
