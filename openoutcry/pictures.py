"""Pictures: drawn as long as the house stands; nothing else of the desk waits for them."""

from __future__ import annotations

from collections.abc import Coroutine

from charts.painter import WorkerPainter
from core.services.pictures import Album, Pictures
from openoutcry.background import kept
from openoutcry.engine import Engine
from openoutcry.settings import Settings


def album(settings: Settings) -> Album:
    return Album(settings.desk.data_dir / "pictures")


def drawing(settings: Settings, engine: Engine) -> list[Coroutine[None, None, None]]:
    """What to run. A fault in it is logged, and it is started again."""

    async def draw() -> None:
        painter = WorkerPainter(engine.wire, settings.desk.language)
        outbox = engine.outbox
        pictures = Pictures(
            engine.desk, painter, album(settings), settings.pictures.theme, outbox.illustrate, lambda: not outbox.empty
        )
        try:
            await pictures.run()
        finally:
            pictures.close()
            await painter.close()

    return [kept("pictures", draw, engine.wire)] if settings.pictures.on else []
