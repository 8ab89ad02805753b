"""Who speaks to the desk: a chart that sends alerts and repeats what got no answer, an owner at the console, and people
who are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.doors import call
from tests.simulation.exchange import TRADED

if TYPE_CHECKING:
    from tests.simulation.story import Run

EVERY_S = 15.0
RESENDS = 3
RESEND_S = 5.0
ROUTE = "/tradingview-to-webhook-order"
ASKING = "/tradingview-to-discord-study"
ANSWERS = ("approve", "approve", "approve", "half", "market", "reject")
SAID = ("/cancel", "/positions", "/status", "/buy SBER 20", "/tasks", "/health")
SELLING = ("/sell GAZP 20", "/dump SBER")
"""Not where only what is held can be offered: a person's offer leaves the stop of the same pieces no room."""


class People:
    """accepted: ids of alerts that got their 200, by account. asked: those of them that people decide on."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._rng, self._minds = run._rng("people"), run._rng("minds")
        self.asked: set[str] = set()
        self._number = 0
        self.accepted: dict[str, list[str]] = {name: [] for name in run.exchanges}
        self.sent = 0

    def begin(self) -> None:
        self._again(self._rng, EVERY_S, self._alert)
        self._again(self._rng, EVERY_S * 20, self._speak)
        self._again(self._minds, EVERY_S * 2, self._decide)

    def _again(self, rng: Random, mean_s: float, act: Callable[[], None]) -> None:
        def happen() -> None:
            if not self._run.calm:
                act()
                self._again(rng, mean_s, act)

        self._run.world.after(rng.expovariate(1 / mean_s), happen)

    # alerts

    def _alert(self) -> None:
        body, chance = self._body(), self._rng.random()
        route = ASKING if chance > 0.8 else ROUTE
        self.send(body, RESENDS, route)
        if chance < 0.1:  # the same alert twice, as some proxies have it
            self._run.world.after(self._rng.uniform(0, 3), lambda: self.send(body, 0, route))

    def _body(self) -> dict[str, str]:
        rng, run = self._rng, self._run
        ticker = rng.choice(TRADED)
        self._number += 1
        account = self._minds.choice(list(run.exchanges))
        price = run.exchanges[account].last(ticker)
        common = {
            "ticker": ticker,
            "price": f"{price:.2f}",
            "subaccount": account,
            "passphrase": "test-word",
            "id": f"n{self._number}",
        }
        if rng.random() < 0.3:
            return {**common, "action": "sell", "message": "exit"}
        side, sign = rng.choice([("long", 1), ("short", -1)])
        away = Decimal(str(round(rng.uniform(0.3, 3), 2)))
        levels = {
            f"{side} SL": f"{price * (100 - away * sign) / 100:.2f}",
            f"{side} TP": f"{price * (100 + away * sign) / 100:.2f}",
        }
        kind = rng.choice(["market", "limit"])
        late = rng.choice([0, 0, 0, 90])
        when = {"time": f"{run.world.now().timestamp() - late:.0f}000"} if rng.random() < 0.5 else {}
        return {**common, **levels, **when, "action": "buy" if sign > 0 else "sell", "message": "entry", "type": kind}

    def send(self, body: dict[str, str], tries: int, route: str = ROUTE) -> None:
        """As TradingView does it: again after 5 s where the answer is 5xx, and here also where nobody answers."""
        run = self._run
        self.sent += 1

        def answered(status: int, answer: Any) -> None:
            run.trace("sender", str(status), body["id"], answer.get("status", answer.get("error")))
            if status == 200:
                self.accepted[body["subaccount"]].append(answer["alert_id"])
                if route == ASKING:
                    self.asked.add(answer["alert_id"])
            elif status < 500:
                run.problems.append(f"I16 alert {body['id']} was answered {status}: {answer}")
            elif tries:
                run.world.after(RESEND_S, lambda: self.send(body, tries - 1, route))

        if not call(run.loop, "POST", route, body, "", answered) and tries:
            run.world.after(RESEND_S, lambda: self.send(body, tries - 1, route))

    # proposals

    def _decide(self) -> None:
        """Somebody looks at what is open and answers it, now and then twice at once."""

        def read(status: int, answer: Any) -> None:
            for row in answer["items"] if status == 200 else []:
                if row["state"] == "open":
                    for _ in range(2 if self._minds.random() < 0.2 else 1):
                        self._answer(row, self._minds.choice(ANSWERS))

        call(self._run.loop, "GET", "/api/v1/proposals?limit=5", None, "test-token", read)

    def _answer(self, row: Mapping[str, Any], action: str, **more: object) -> None:
        def answered(status: int, answer: Any) -> None:
            self._run.trace("approver", action, status, row["id"])
            if status == 428 and not more:
                self._answer(row, action, accept_price=True)
            elif status >= 500 and status != 503:
                self._run.problems.append(f"{action} was answered {status}: {answer}")

        body = {"version": row["version"], "action": action, **more}
        call(self._run.loop, "POST", f"/api/v1/proposals/{row['id']}/answer", body, "test-token", answered)

    # commands

    def _speak(self) -> None:
        if self._rng.random() < 0.2:
            self.say("/kill")
            self._run.world.after(self._rng.uniform(5, 60), lambda: self.say("/arm"))
        else:
            self.say(self._rng.choice(SAID if self._run.dialect == "coins" else SAID + SELLING))

    def say(self, text: str) -> None:
        def answered(status: int, answer: Any) -> None:
            keys = [notice["key"] for notice in answer.get("notices", [])] if status == 200 else answer
            self._run.trace("owner", text, status, keys)
            if status >= 500 and status != 503:
                self._run.problems.append(f"{text} was answered {status}: {answer}")

        call(self._run.loop, "POST", "/api/v1/commands", {"text": text}, "test-token", answered)
