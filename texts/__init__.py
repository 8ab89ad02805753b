"""Message catalogues: key + parameters -> words of a language. No trading logic, and no other room's words.

One TOML file a language, beside this file; `en.toml` is complete, others fall back to it key by key. Others have a
table `value` as well: what stands in parameters in English, like `buy`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

FALLBACK = "en"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every key of one language, dotted. Unknown languages are empty."""
    source = files("texts") / f"{language}.toml"
    if not source.is_file():
        return {}
    return dict(_flatten("", tomllib.loads(source.read_text(encoding="utf-8"))))


def _flatten(prefix: str, table: Mapping[str, object]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            rows += _flatten(f"{prefix}{key}.", value)
        else:
            rows.append((prefix + key, str(value)))
    return rows


def render(key: str, params: Mapping[str, str] | None = None, language: str = FALLBACK) -> str:
    """The words of `key`. A key or parameter that is missing shows itself: a message must never be lost to a typo."""
    template = catalogue(language).get(key) or catalogue(FALLBACK).get(key)
    shown = _Shown({name: _value(name, text, language) for name, text in (params or {}).items()})
    if template is None:
        return " ".join([key, *(f"{name}={value}" for name, value in shown.items())])
    if code := shown.get("reason"):
        shown["reason"] = _reason(code, shown, language)
    return template.format_map(shown).rstrip()


def _value(name: str, text: str, language: str) -> str:
    """What the desk writes into a parameter (`side`: buy, sell ...), as the language says it: `value.<name>.<text>`.

    Of a list each part; of `fill 250` the first word. What is unknown stays as it came.
    """
    known, parts = catalogue(language), list[str]()
    for part in text.split(", "):
        word, gap, rest = part.partition(" ")
        first = known.get(f"value.{name}.{word}", word)
        parts.append(known.get(f"value.{name}.{part}", first + gap + rest))
    return ", ".join(parts)


def _reason(code: str, values: Mapping[str, str], language: str) -> str:
    """A reason that is one of our code words is said in words, with the code behind it; others are as they came."""
    said = catalogue(language).get(f"refused.{code}") or catalogue(FALLBACK).get(f"refused.{code}")
    words = said.format_map(values).rstrip(".") if said else "{"
    return code if "{" in words else f"{words} ({code})"


def values(language: str) -> Mapping[str, str]:
    """What a page may find in rows, as the language says it, by `<name>.<value>`: `side.buy`. English needs none."""
    return {key.removeprefix("value."): said for key, said in catalogue(language).items() if key.startswith("value.")}


class _Shown(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
