"""How long things take: histograms that cost next to nothing where they are fed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from time import perf_counter
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Seconds:
    """total_s: the sum of all that was observed."""

    __slots__ = ("_bounds", "_counts", "total_s")

    def __init__(self, bounds_s: Sequence[float] = BOUNDS_S) -> None:
        self._bounds = tuple(bounds_s)
        self._counts = [0] * (len(self._bounds) + 1)
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self.total_s += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Upper bound and how many were at most that long, `+Inf` last: Prometheus' shape."""
        names = [*map(str, self._bounds), "+Inf"]
        return list(zip(names, map(float, accumulate(self._counts)), strict=True))


def timed(routes: Iterable[web.RouteDef], seconds: Seconds) -> list[web.RouteDef]:
    """The same routes, each answer's time observed, refusals too."""

    def watched(handler: Handler) -> Handler:
        async def respond(request: web.Request) -> web.StreamResponse:
            begun = perf_counter()
            try:
                return await handler(request)
            finally:
                seconds.observe(perf_counter() - begun)

        return respond

    return [web.route(route.method, route.path, watched(cast("Handler", route.handler))) for route in routes]
