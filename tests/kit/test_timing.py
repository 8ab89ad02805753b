"""Histograms."""

from __future__ import annotations

from aiohttp import ClientSession, web

from kit.http import ApiError, errors_as_json, listen
from kit.timing import Seconds, timed


def test_buckets_count_up_to_their_bound() -> None:
    """A value on a bound belongs to it; the last bucket holds all."""
    seconds = Seconds((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        seconds.observe(value)
    assert seconds.buckets() == [("1.0", 2.0), ("2.0", 3.0), ("+Inf", 4.0)]
    assert seconds.total_s == 12.0


async def test_a_timed_route_answers_as_before_and_is_observed() -> None:
    """Refusals too."""

    async def answer(request: web.Request) -> web.Response:
        if "no" in request.query:
            raise ApiError(422, "no", "no")
        return web.Response(text="yes")

    seconds = Seconds()
    app = web.Application(middlewares=[errors_as_json])
    routes = timed([web.get("/x", answer)], seconds)
    app.add_routes(routes)
    listener = await listen(app, "127.0.0.1", 0, first=routes, shutdown_s=1)
    async with ClientSession(f"http://127.0.0.1:{listener.port}") as session:
        for path, status in (("/x", 200), ("/x?no", 422)):
            async with session.get(path) as got:
                assert got.status == status
    await listener.close()
    assert seconds.buckets()[-1] == ("+Inf", 2.0)
