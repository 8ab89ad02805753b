"""Numbers, words and escapes, as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from jinja2 import Environment
from jinja2.runtime import Context

from dashboard.rendering import MINUS, NOTHING, _templates, iso, number, signed

GAP = "\N{NARROW NO-BREAK SPACE}"


def reader(language: str) -> Context:
    """What a template knows of its reader."""
    return Context(Environment(autoescape=True), {"language": language}, "test", {})


@pytest.mark.parametrize(
    ("value", "digits", "english", "russian"),
    [
        ("1234567.5", 2, "1,234,567.50", f"1{GAP}234{GAP}567,50"),
        ("-1234.5", None, f"{MINUS}1,234.5", f"{MINUS}1{GAP}234,5"),
        ("0.00000001", None, "0.00000001", "0,00000001"),
        ("1E+3", None, "1,000", f"1{GAP}000"),
        ("-0.001", 2, "0.00", "0,00"),
        ("250", 0, "250", "250"),
    ],
)
def test_a_number_is_set_for_its_reader(value: str, digits: int | None, english: str, russian: str) -> None:
    """Thousands apart, a real minus, and no minus before nothing."""
    assert number(reader("en"), Decimal(value), digits) == english
    assert number(reader("ru"), Decimal(value), digits) == russian


@pytest.mark.parametrize(
    ("value", "shown"),
    [("12.5", "+12.50"), ("-12.5", f"{MINUS}12.50"), ("0", "0.00"), ("0.001", "0.00")],
)
def test_a_signed_number_has_its_sign(value: str, shown: str) -> None:
    """Also a plus; nothing has none."""
    assert signed(reader("en"), Decimal(value)) == shown


def test_what_is_not_known_is_a_dash() -> None:
    """Never "None"."""
    assert number(reader("en"), None) == signed(reader("en"), None) == NOTHING


def test_an_instant_is_utc() -> None:
    """Whatever zone it came in: the browser shows it in its reader's."""
    assert iso(datetime(2026, 1, 5, 3, tzinfo=timezone(timedelta(hours=3)))) == "2026-01-05T00:00:00.000Z"
    assert iso(datetime(2026, 1, 5, tzinfo=UTC)) == "2026-01-05T00:00:00.000Z"


def macro(call: str, **values: object) -> str:
    """What a macro draws."""
    source = '{% import "macros.html" as ui with context %}' + call
    template = _templates().from_string(source)
    known: Mapping[str, object] = {"language": "en", **values}
    return template.render(known).strip()


def test_a_button_carries_its_body_safely() -> None:
    """Quotes and tags in what it sends stay inside the attribute."""
    html = macro('{{ ui.button("Go", "/api/v1/x", {"a": evil}) }}', evil="\"><script>'")
    assert "<script>" not in html
    assert html.count('"') % 2 == 0
    assert "data-body=" in html


def test_a_field_says_where_its_refusal_is_shown() -> None:
    """The API names the field; the page finds the place by that name."""
    html = macro('{{ ui.field("stop_loss", "Stop", value, type="number", hint="percent") }}', value="<1>")
    assert 'name="stop_loss"' in html
    assert 'data-about="stop_loss"' in html
    assert 'value="&lt;1&gt;"' in html
    assert 'inputmode="decimal"' in html


def test_a_word_nobody_translated_is_shown_as_it_is() -> None:
    """And one that is, in the reader's language."""
    assert macro('{{ say("state", "NEW_ONE") }}') == "NEW_ONE"
    assert macro('{{ ui.side("buy") }}') == '<span class="badge buy">buy</span>'
