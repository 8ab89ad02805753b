"""Templates to HTML: words of a language, numbers that line up, and the parts of a page that live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

import texts
from core.values.money import plain

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
THEME_COOKIE, THEMES = "openoutcry_theme", ("auto", "light", "dark")
MINUS, GAP = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"
NOTHING = "\N{EN DASH}"


def theme_of(request: web.Request) -> str:
    """What the reader chose: auto, light or dark."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def html_page(name: str, language: str, values: Mapping[str, object], theme: str, *, status: int = 200) -> web.Response:
    """A whole page of `name`.html. theme: auto, light or dark."""
    html = draw(f"{name}.html", language, {**values, "theme": theme})
    return web.Response(text=html, content_type="text/html", headers=PAGE_HEADERS, status=status)


def draw(template: str, language: str, values: Mapping[str, object]) -> str:
    """In a template `t(key, ...)` is the catalogue's `page.<key>`, `act(name)` a button's word, `say(name, value)` a
    value in words."""
    return _templates().get_template(template).render({**values, "language": language})


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("dashboard", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(t=_words, act=_act, say=_say, part=_part)
    found.filters.update(num=number, signed=signed, iso=iso)
    return found


@pass_context
def _words(context: Context, key: str, **params: object) -> str:
    return texts.render(f"page.{key}", {name: str(value) for name, value in params.items()}, context["language"])


@pass_context
def _act(context: Context, name: str) -> str:
    """`act("approve")`: what the same button is called in the chats."""
    return texts.render(f"action.{name}", {}, context["language"])


@pass_context
def _say(context: Context, name: str, value: object) -> str:
    """`say("state", "FILLED")`: the catalogue's `value.state.FILLED`, or the value as it is."""
    return texts.catalogue(context["language"]).get(f"value.{name}.{value}", str(value))


@pass_context
def _part(context: Context, name: str) -> Markup:
    """The part's HTML, drawn before the page, in the element that the stream will fill again."""
    parts: Mapping[str, str] = context["parts"]
    return Markup('<div class="part" id="part-{}" data-part="{}">{}</div>').format(name, name, Markup(parts[name]))  # noqa: S704 - drawn by a template, escaped there


@pass_context
def number(context: Context, value: Decimal | float | None, digits: int | None = None) -> str:
    """Thousands set apart, a real minus; `digits` after the point, or as many as the value has."""
    if value is None:
        return NOTHING
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    text = plain(exact) if digits is None else format(round(exact, digits), f".{digits}f")
    whole, point, rest = text.removeprefix("-").partition(".")
    apart = f"{int(whole):,}"
    if context["language"] != "en":
        apart, point = apart.replace(",", GAP), point and ","
    shown = f"{apart}{point}{rest}"
    return f"{MINUS}{shown}" if text.startswith("-") and shown.strip(f"0.,{GAP}") else shown


@pass_context
def signed(context: Context, value: Decimal | float | None, digits: int | None = 2) -> str:
    """Like `number`, with a plus before what is more than nothing."""
    shown = number(context, value, digits)
    return f"+{shown}" if value is not None and value > 0 and shown.strip(f"0.,{GAP}") else shown


def iso(moment: datetime) -> str:
    """For the `datetime` of a <time>."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
