"""Words on pictures, in the font that comes with Pillow. It has Latin letters alone: others are spelt with them."""

from __future__ import annotations

import unicodedata
from functools import cache

from PIL import ImageFont

_RUSSIAN = dict(zip("абвгдеёзийклмнопрстуфыэ", "abvgdeeziyklmnoprstufye", strict=True)) | {
    "ж": "zh",
    "х": "kh",  # noqa: RUF001 - the Russian letter
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ю": "yu",
    "я": "ya",
    "ъ": "",
    "ь": "",
}
_KNOWN = frozenset(map(chr, range(32, 127))) | set("·…«»°±")


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """size: pixels."""
    found = ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont), "Pillow's wheels come with FreeType"
    return found


def spelt(text: str) -> str:
    """Russian in Latin letters, accents left out, `?` for what else the font does not know."""
    return "".join(_letter(character) for character in text)


def _letter(character: str) -> str:
    if character in _KNOWN:
        return character
    latin = _RUSSIAN.get(character.lower())
    if latin is not None:
        return latin if character.islower() else latin.capitalize()
    bare = unicodedata.normalize("NFKD", character)[:1]
    return bare if bare in _KNOWN else "?"
