"""Where the set-up gets its answers: from somebody at a terminal, or from a file that was written before."""

from __future__ import annotations

import getpass
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.values.errors import Broken
from openoutcry.settings import SettingsError
from texts import render


@dataclass(frozen=True, slots=True)
class Question:
    """key: in the answers file, and `setup.ask_<key>` in the catalogues. default: None where one must be given."""

    key: str
    default: str | None = None
    secret: bool = False
    choices: tuple[str, ...] = ()


class Answers(Protocol):
    async def ask(self, question: Question, language: str) -> str:
        """Raises SettingsError where there must be an answer and is none."""
        ...

    def wrong(self, key: str, why: str) -> None:
        """What was answered does not do. Returns where it may be asked again, else raises Broken."""
        ...

    def say(self, text: str) -> None: ...


class Terminal:
    """Somebody types. Secrets are not shown where the input is a terminal."""

    async def ask(self, question: Question, language: str) -> str:
        words = render(f"setup.ask_{question.key}", {}, language)
        offered = "/".join(question.choices) or (question.default or "")
        prompt = f"{words} [{offered}] " if offered else f"{words} "
        while True:
            said = self._read(prompt, secret=question.secret) or question.default
            if said is not None and (not question.choices or said in question.choices):
                return said
            key = "one_of" if question.choices else "needed"
            self.say(render(f"setup.{key}", {"choices": ", ".join(question.choices)}, language))

    def _read(self, prompt: str, *, secret: bool) -> str:
        try:
            if secret and sys.stdin.isatty():
                return getpass.getpass(prompt).strip()
            return input(prompt).strip()
        except EOFError:
            raise Broken("the input ended before the set-up did; nothing was written") from None

    def wrong(self, key: str, why: str) -> None:  # noqa: ARG002 - who types knows what was asked last
        self.say(f"! {why}")

    def say(self, text: str) -> None:
        print(text, flush=True)


class Prepared:
    """A TOML file: `key = "answer"`, and a table `account` with what the broker's block of settings takes."""

    def __init__(self, source: Path, known: frozenset[str], out: Callable[[str], None] = print) -> None:
        """Raises SettingsError for a file that cannot be read, or holds a key that nobody asks for."""
        self._source = source
        self._out = out
        try:
            found = tomllib.loads(sys.stdin.read() if str(source) == "-" else source.read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(f"{source}: {error.strerror}") from None
        except ValueError as error:
            raise SettingsError(f"{source}: {error}") from None
        self.account: Mapping[str, object] = found.pop("account", {})
        self._given = {key: str(value) for key, value in found.items()}
        if unknown := sorted(self._given.keys() - known):
            raise SettingsError(f"{source}: {unknown[0]}: unknown key")
        self.person = self._person()

    def _person(self) -> int | None:
        """Whose /start is waited for; None where it is anybody's, which a file must say."""
        said = self._given.get("telegram_user_id", "")
        if not said and self._given.get("telegram_token") and "is_it_you" not in self._given:
            raise SettingsError(
                f'{self._source}: telegram_user_id: missing; is_it_you = "yes" would obey whoever writes /start first'
            )
        if said and not said.isdecimal():
            raise SettingsError(f"{self._source}: telegram_user_id: must be a number")
        return int(said) if said else None

    async def ask(self, question: Question, language: str) -> str:  # noqa: ARG002 - a file reads no language
        said = self._given.get(question.key) or question.default
        if said is None:
            raise SettingsError(f"{self._source}: {question.key}: missing")
        if question.choices and said not in question.choices:
            raise SettingsError(f"{self._source}: {question.key}: must be one of {', '.join(question.choices)}")
        return said

    def wrong(self, key: str, why: str) -> None:
        raise Broken(f"{self._source}: {key}: {why}")

    def say(self, text: str) -> None:
        self._out(text)
