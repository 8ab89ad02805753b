"""A body as senders really write it -> one flat-enough JSON object. Lenient in form, strict in what it means."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8

from kit.http import ApiError

# Numbers stay the text they were sent as: no float touches money, a number of 5,000 digits costs nothing, and NaN
# is refused only by a field that needs a number.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)

# Chart templates leave words (and placeholders that were never filled in) unquoted: `"ticker": BTCPERP,`. Strings are
# matched whole first, so a colon outside of them is JSON's own; every run is bounded, so the time is linear.
_BARE = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*+"?)
    |   :\s*+ (?!(?:true|false|null)\b)
        (?P<word>[A-Za-z0-9_][\w.:!/&-]{0,63}+ | \{\{.{0,80}?\}\}) (?=\s{0,32}[,}])
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)


def read_object(body: bytes) -> tuple[str, dict[str, object]]:
    """The body's text, repaired where it had to be, and its fields; every number is the text it was sent as.

    Raises ApiError 422 for anything that is no JSON object, is nested too deeply or holds a lone surrogate.
    """
    try:
        text, value = _parse(body.removeprefix(BOM_UTF8).decode())
        if "\\u" in text:  # the only way in for what no database takes
            _check_characters(value)
    except RecursionError:
        raise _unreadable("the body is nested too deeply") from None
    except UnicodeDecodeError:
        raise _unreadable("the body is not UTF-8") from None
    except UnicodeEncodeError:
        raise _unreadable("the body holds half a character") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"the body is no JSON: {error.msg}, line {error.lineno} column {error.colno}") from None
    if not isinstance(value, dict):
        raise _unreadable("the body is no JSON object")
    return text, value


def _check_characters(value: object) -> None:
    """Raises UnicodeEncodeError for a lone surrogate, ApiError for a NUL."""
    written = json.dumps(value, ensure_ascii=False).encode()
    if b"\\u0000" in written:
        raise _unreadable("the body holds a NUL character")


def _parse(text: str) -> tuple[str, object]:
    try:
        return text, _DECODER.decode(text)
    except json.JSONDecodeError as strict:
        repaired = _BARE.sub(_quoted, text)
        if repaired == text:
            raise
        try:
            return repaired, _DECODER.decode(repaired)
        except json.JSONDecodeError:
            raise strict from None  # its place is in the text that the sender knows


def _quoted(match: re.Match[str]) -> str:
    word = match["word"]
    return match[0] if word is None else f":{json.dumps(word)}"


def _unreadable(message: str) -> ApiError:
    return ApiError(422, "body_unreadable", message)
