"""Targets that others wrote: found, loaded and run so that nothing they do is felt by the desk.

Every call into a plug-in happens on a thread of its own, with an event loop for those that are asynchronous: it may
raise, block or never return.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType

from core.values.errors import DeskError, Rejected, Transient
from core.values.raw import RawAlert

log = logging.getLogger(__name__)

GROUP = "openoutcry.targets"
LOAD_S = 5.0
_PREFIX, _SUFFIX = "create_", "_target"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One loaded target. made: what its factory returned."""

    name: str
    origin: str
    made: object

    @property
    def doc(self) -> str:
        return inspect.getdoc(type(self.made)) or ""


def load_plugins(folder: Path, load_s: float = LOAD_S) -> list[Plugin]:
    """From the files of a folder, then from installed packages. What fails, or takes longer than `load_s` a file, is
    logged and left out."""
    found: dict[str, Plugin] = {}
    paths = sorted(folder.glob("*.py")) if folder.is_dir() else []
    loads: list[tuple[str, Callable[[], list[Plugin]]]] = [
        (path.name, lambda path=path: _made(_module(path), str(path)))  # type: ignore[misc] # bound now
        for path in paths
        if not path.name.startswith("_")
    ]
    loads += [
        (entry.name, lambda entry=entry: _made(entry.load(), entry.value))  # type: ignore[misc] # as above
        for entry in entry_points(group=GROUP)
    ]
    for what, load in loads:
        for plugin in _in_time(load, what, load_s):
            if plugin.name in found:
                log.warning("target %s of %s is left out: another has its name", plugin.name, plugin.origin)
            found.setdefault(plugin.name, plugin)
    return list(found.values())


def _in_time(load: Callable[[], list[Plugin]], what: str, load_s: float) -> list[Plugin]:
    found: list[Plugin] = []

    def work() -> None:
        try:
            found.extend(load())
        except (Exception, SystemExit):  # somebody else's code: it may do anything
            log.exception("targets of %s could not be loaded", what)

    thread = threading.Thread(target=work, name=f"load {what}", daemon=True)
    thread.start()
    thread.join(load_s)
    if thread.is_alive():
        log.error("targets of %s took longer than %g s to load: left out", what, load_s)
        return []
    return found


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"openoutcry_targets_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _made(module: object, origin: str) -> list[Plugin]:
    """What each `create_NAME_target()` returns; one that raises costs itself alone."""
    plugins: list[Plugin] = []
    for key, factory in sorted(vars(module).items()):
        if not (key.startswith(_PREFIX) and key.endswith(_SUFFIX) and callable(factory)):
            continue
        try:
            made = factory()
        except (Exception, SystemExit):
            log.exception("%s of %s failed", key, origin)
            continue
        if callable(getattr(made, "send", None)):
            plugins.append(Plugin(key.removeprefix(_PREFIX).removesuffix(_SUFFIX), origin, made))
        else:
            log.error("%s of %s returned no target: it needs a method `send`", key, origin)
    return plugins


class PluginTarget:
    """A plug-in as a target of the hub. It needs `send(alert)`, plain or async; the rest is optional: `open()`,
    `close()`, `on_complete(result)`, `on_error(error)`, and `formatter`, whose `format(alert)` makes what `send` gets.
    """

    def __init__(self, plugin: Plugin) -> None:
        self.name = plugin.name
        self._made = plugin.made
        self._calls: SimpleQueue[tuple[Callable[[], object], Future[object]] | None] = SimpleQueue()
        self._last: tuple[object, Future[object]] | None = None

    async def start(self) -> None:
        if self._last is None:
            threading.Thread(target=self._serve, name=f"target {self.name}", daemon=True).start()
        await self._call("open", lambda: self._hook("open"))

    async def send(self, alert: RawAlert) -> None:
        await self._call(alert, lambda: self._send(alert))

    async def close(self) -> None:
        if self._last is None:
            return  # never started
        try:
            await self._call("close", lambda: self._hook("close"))
        finally:
            self._calls.put(None)

    async def _call(self, key: object, work: Callable[[], object]) -> None:
        """Asked again for the same thing while it is still at it, wait on: nothing is handed over twice."""
        if self._last is None or self._last[0] is not key or _failed(self._last[1]):
            if self._last is not None and not self._last[1].done():
                raise Transient("still at work on an earlier alert")
            self._last = (key, Future())
            self._calls.put((work, self._last[1]))
        try:
            await asyncio.shield(asyncio.wrap_future(self._last[1]))
        except (DeskError, asyncio.CancelledError):
            raise
        except (Exception, SystemExit) as error:
            raise Rejected(type(error).__name__, str(error)) from error

    # on the plug-in's own thread

    def _serve(self) -> None:
        loop = asyncio.new_event_loop()
        while (call := self._calls.get()) is not None:
            work, future = call
            try:
                result = work()
                future.set_result(loop.run_until_complete(result) if inspect.iscoroutine(result) else result)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - handed to whoever waits
                future.set_exception(error)
        loop.close()

    async def _send(self, alert: RawAlert) -> None:
        formatter = getattr(self._made, "formatter", None)
        try:
            result = self._made.send(alert if formatter is None else formatter.format(alert))  # type: ignore[attr-defined] # checked where it was loaded
            result = await result if inspect.isawaitable(result) else result
        except (Exception, SystemExit) as error:
            await self._hook("on_error", error)
            raise
        await self._hook("on_complete", result)

    async def _hook(self, name: str, *values: object) -> None:
        method = getattr(self._made, name, None)
        if callable(method):
            result = method(*values)
            if inspect.isawaitable(result):
                await result


def _failed(future: Future[object]) -> bool:
    return future.done() and future.exception() is not None


def targets_of(plugins: Sequence[Plugin]) -> list[PluginTarget]:
    return [PluginTarget(plugin) for plugin in plugins]
