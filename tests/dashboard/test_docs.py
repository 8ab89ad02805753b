"""/openapi.json is true: what routes answer is what it says."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest

from dashboard.schemas import ROWS, in_words, maybe, one_of
from tests.dashboard.conftest import SAMPLE, House

LINK = {"name": "L", "account": "Testing", "strategy": "s", "stop_loss": "2", "quantity": "1"}
FILLED = ("alerts", "orders", "fills", "positions", "accounts", "instruments", "notices", "log", "proposals", "links")
MORE = ("users", "sellbuy", "stops", "shorts", "stop_lists")


async def furnish(house: House) -> None:
    """Something in most lists."""
    await house.trade()
    await house.post("/tradingview-to-discord-study", SAMPLE, token=None)
    await house.settled()
    assert (await house.post("/api/v1/links", LINK)).status == 201
    assert (await house.post("/api/v1/users", {"username": "bob", "password": "correct horse"})).status == 201
    row = {"ticker": "SBER", "amount": "10", "sell": False, "account": "Testing"}
    assert (await house.post("/api/v1/sellbuy", row)).status == 201
    assert (
        await house.post("/api/v1/stops", {"ticker": "SBER", "whitelist": True, "account": "Testing"})
    ).status == 201


async def document(house: House) -> dict[str, Any]:
    found: dict[str, Any] = (await house.get("/openapi.json", None)).data
    return found


def validator(told: dict[str, Any], schema: Any) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**schema, "components": told["components"]}, validate_formats=True)


async def test_every_row_is_what_the_document_says(house: House) -> None:
    """Field by field, none more and none less."""
    await furnish(house)
    told = await document(house)
    for name in (*FILLED, *MORE):
        items = (await house.get(f"/api/v1/{name}")).data["items"]
        assert items, name
        for item in items:
            validator(told, ROWS[name]).validate(item)
            assert item.keys() == set(ROWS[name]["properties"]), name  # type: ignore[call-overload] # as `row` makes it


async def test_every_answer_is_what_the_document_says(demo: House) -> None:
    """Of each route that can be asked without knowing an id, or what else there is."""
    await furnish(demo)
    told = await document(demo)
    for path, operations in told["paths"].items():
        if "get" not in operations or "{" in path or not path.startswith("/api/v1/"):
            continue
        if any(parameter.get("required") for parameter in operations["get"]["parameters"]):
            continue
        answer = await demo.get(path)
        [content] = [
            r.get("content", {}) for status, r in operations["get"]["responses"].items() if status != "default"
        ]
        assert answer.status == 200, path
        if "application/json" in content:
            validator(told, content["application/json"]["schema"]).validate(answer.data)


async def test_a_refusal_is_what_the_document_says(house: House) -> None:
    """401, 404 and 422 alike."""
    told = await document(house)
    error = validator(told, {"$ref": "#/components/schemas/Error"})
    for answer in (
        await house.get("/api/v1/orders", None),
        await house.get("/api/v1/orders/none"),
        await house.get("/api/v1/orders?limit=0"),
        await house.post("/api/v1/commands", b"{"),
        await house.ask("PUT", "/api/v1/orders", {}),
    ):
        assert answer.status >= 400
        error.validate(answer.data)


async def test_every_schema_is_one(house: House) -> None:
    """And every reference leads somewhere; every parameter of a path is told; no two operations share a name."""
    told = await document(house)
    names = []
    for path, operations in told["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            inside = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert inside == set(re.findall(r"{(\w+)}", path))
            for response in operation["responses"].values():
                for media in response.get("content", {}).values():
                    validator(told, media.get("schema", {}))
    assert len(names) == len(set(names))


async def test_what_needs_no_token_says_so(house: House) -> None:
    """The alert routes have secrets of their own, and a login comes before any token."""
    told = await document(house)
    opened = {path for path, ops in told["paths"].items() for op in ops.values() if op.get("security") == []}
    assert "/api/token" in opened
    assert "/hook/{token}" in opened
    assert not {path for path in opened if path.startswith("/api/v1")}


async def test_bodies_have_types(house: House) -> None:
    """Choices, flags and amounts, with what must be there."""
    told = await document(house)
    link = told["paths"]["/api/v1/links"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert link["required"] == ["name", "account", "strategy"]
    assert link["properties"]["approval"]["enum"] == ["none", "ask"]
    assert link["properties"]["paper"]["type"] == "boolean"
    assert {"type": "null"} in link["properties"]["stop_loss"]["anyOf"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [(maybe({"type": "string"}), "text or null"), (one_of(("a", "b")), "a | b"), ({}, "anything")],
)
def test_a_type_is_said_in_words(schema: dict[str, object], words: str) -> None:
    """As /swagger shows it."""
    assert in_words(schema) == words
