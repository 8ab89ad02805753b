"""A light load generator: blocking connects, one epoll. Lighter than the servers it measures, on a core of its own."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle


@dataclass(frozen=True, slots=True)
class Run:
    """rate: answers a second. latencies_ms: sorted, from before the connect to the whole answer."""

    rate: float
    latencies_ms: Sequence[float]
    answers: Sequence[bytes]

    def percentile(self, percent: float) -> float:
        return self.latencies_ms[min(len(self.latencies_ms) - 1, int(len(self.latencies_ms) * percent / 100))]


def post(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    return head.encode() + b"Connection: close\r\n\r\n" + body


def new_connections(ports: Sequence[int], requests: Sequence[bytes], connections: int) -> Run:
    """Send every request over a connection of its own, `connections` of them at any time, to each port in turn."""
    turns = cycle(ports)
    poll = select.epoll()
    flying: dict[int, tuple[socket.socket, float]] = {}
    waiting = iter(requests)
    latencies: list[float] = []
    answers: list[bytes] = []

    def send_next() -> None:
        request = next(waiting, None)
        if request is None:
            return
        begun = time.perf_counter()
        link = socket.socket()
        link.connect(("127.0.0.1", next(turns)))
        link.send(request)  # far below a socket's buffer
        flying[link.fileno()] = (link, begun)
        poll.register(link, select.EPOLLIN)

    begun = time.perf_counter()
    for _ in range(connections):
        send_next()
    while flying:
        for number, _ in poll.poll(10):
            link, sent = flying.pop(number)
            answers.append(link.recv(4096))
            latencies.append((time.perf_counter() - sent) * 1000)
            link.close()
            send_next()
    took = time.perf_counter() - begun
    poll.close()
    return Run(len(answers) / took, sorted(latencies), answers)
