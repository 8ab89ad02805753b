"""The command line. Exit codes: 0 done, 1 failed, 2 bad usage or settings, 75 another desk runs on this directory."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from core.values.accounts import Halt
from core.values.errors import Broken, Damaged, DeskError
from kit.secrets import Redactor
from openoutcry import __version__
from openoutcry.alert_cli import add_commands as add_alert_commands
from openoutcry.backup_cli import add_commands as add_backup_commands
from openoutcry.check import check_settings
from openoutcry.collect_cli import add_commands as add_collect_command
from openoutcry.demo import curl, furnish, sample_alert
from openoutcry.journal import tell_halt
from openoutcry.latch import FileLatch, text_of
from openoutcry.lock import EXIT_LOCKED, Locked, only_desk
from openoutcry.logs import set_up_logs
from openoutcry.move_cli import add_commands as add_move_command
from openoutcry.optimise_cli import add_commands as add_optimise_command
from openoutcry.people_cli import add_commands as add_people_commands
from openoutcry.settings import Settings, SettingsError, load_settings
from openoutcry.setup_cli import add_commands as add_setup_command
from openoutcry.simulate_cli import add_commands as add_simulate_command
from openoutcry.update_cli import add_commands as add_update_commands

EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
DEMO_DATA = Path("data/demo")


_ROOMS = (
    add_alert_commands,
    add_backup_commands,
    add_collect_command,
    add_move_command,
    add_optimise_command,
    add_people_commands,
    add_setup_command,
    add_simulate_command,
    add_update_commands,
)
"""Commands that have a file of their own."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line; return its exit code. argparse itself exits 2 for bad usage."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except SettingsError as error:
        return _fail(str(error), EXIT_USAGE)
    except Locked as error:
        return _fail(str(error), EXIT_LOCKED)
    except (DeskError, OSError) as error:
        return _fail(str(error), EXIT_FAILED)
    except KeyboardInterrupt:
        return EXIT_DONE


def _fail(message: str, code: int) -> int:
    print(f"openoutcry: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="openoutcry",
        description="A trading desk in a chat: alerts and commands in, exactly one protected order out.",
    )
    parser.add_argument("--version", action="version", version=f"openoutcry {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="everything running on a built-in market, no credentials, no internet")
    demo.add_argument("--port", type=int, help="0 = any free port")
    demo.add_argument("--data-dir", type=Path, help=f"default {DEMO_DATA}")
    demo.add_argument("--seed", type=int, help="equal seeds give equal prices")
    demo.add_argument("--still", action="store_true", help="prices and clock move only by /api/v1/demo/*")
    demo.add_argument("--settings", type=Path, metavar="FILE")
    demo.set_defaults(command=_demo)

    real = commands.add_parser("run", help="for real; without --live every account trades on paper")
    real.add_argument("--settings", type=Path, metavar="FILE", required=True)
    real.add_argument("--live", action="store_true", help='trade real money; needs desk.mode = "live" as well')
    real.set_defaults(command=_run)

    for name, text, function in (
        ("check", "check settings and connections, change nothing", _check),
        ("kill", "stop trading, also while the desk is down", _kill),
        ("arm", "allow trading again", _arm),
    ):
        plain = commands.add_parser(name, help=text)
        plain.add_argument("--settings", type=Path, metavar="FILE", required=True)
        plain.set_defaults(command=function)

    show = commands.add_parser("show", help="what this desk would use").add_subparsers(required=True, metavar="WHAT")
    targets = show.add_parser("targets", help="where the hub's alerts go out")
    targets.add_argument("--settings", type=Path, metavar="FILE")
    targets.add_argument("--src", type=Path, metavar="DIR", help="look for target files here; default data_dir/targets")
    targets.add_argument("--verbose", action="store_true", help="with what each says of itself")
    targets.set_defaults(command=_show_targets)

    kinds = (
        ("example", "hand made-up alerts to a target and print them"),
        ("timing", "the same, timed and not printed"),
    )
    for name, text in kinds:
        rehearsal = commands.add_parser(name, help=text)
        rehearsal.add_argument("what", choices=["threadedtarget"])
        rehearsal.add_argument("--count", type=int, metavar="N", default=1000)
        rehearsal.set_defaults(command=_rehearse, quiet=name == "timing")

    distribute = commands.add_parser("distribute", help="hand a hub's alerts to targets, without a desk")
    distribute.add_argument("--ws-url", required=True, metavar="URL", help="ws://.../wsalerts or wss://.../wsalerts")
    distribute.add_argument("--token-file", type=Path, metavar="FILE", help="a file with that hub's token")
    distribute.add_argument("--src", type=Path, metavar="DIR", default=Path("targets"), help="default targets")
    distribute.add_argument("--delay", type=float, metavar="S", default=0.0, help="seconds between two alerts")
    distribute.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
    distribute.set_defaults(command=_distribute)

    for add in _ROOMS:
        add(commands)
    return parser


def _demo(options: argparse.Namespace) -> int:
    server = {} if options.port is None else {"port": options.port}
    market: dict[str, object] = {"still": True} if options.still else {}
    if options.seed is not None:
        market["seed"] = options.seed
    desk = {} if options.data_dir is None else {"data_dir": options.data_dir}
    settings = load_settings(options.settings, desk=desk, server=server, market=market)
    if not settings.accounts:
        settings = load_settings(
            options.settings,
            desk=desk,
            server=server,
            market=market,
            accounts=({"name": "Testing", "broker": "paper"},),
        )
    if "data_dir" not in settings.desk.model_fields_set:
        settings = settings.model_copy(update={"desk": settings.desk.model_copy(update={"data_dir": DEMO_DATA})})
    given_passphrase = bool(settings.webhook.passphrase.get_secret_value())
    settings, tokens = furnish(settings)
    return _trade(settings, live=False, made=tokens, demo=True, show_passphrase=not given_passphrase)


def _run(options: argparse.Namespace) -> int:
    settings = load_settings(options.settings)
    if options.live and settings.desk.mode != "live":
        raise SettingsError(f'{options.settings}: desk.mode: --live needs mode = "live" here as well')
    if not settings.accounts:
        raise SettingsError(f"{options.settings}: accounts: there is none; add an [[accounts]] block")
    return _trade(settings, live=options.live)


def _trade(
    settings: Settings,
    *,
    live: bool,
    demo: bool = False,
    made: Mapping[str, str] = MappingProxyType({}),
    show_passphrase: bool = False,
) -> int:
    from openoutcry.backups import way_back  # noqa: PLC0415 - kill and arm need none of it
    from openoutcry.parts import House, Mood  # noqa: PLC0415 - as above
    from openoutcry.turns import run_until_stopped  # noqa: PLC0415 - as above

    passphrase = settings.webhook.passphrase.get_secret_value()
    shown = passphrase if show_passphrase else "YOUR-PASSPHRASE"

    def listening(url: str) -> None:
        print(f"LISTENING {url}", flush=True)

    def ready(house: House) -> None:
        tokens = [f"{name} {token}" for name, token in made.items()]
        sample = [curl(house.url, sample_alert(house.desk, shown))] if demo else []
        first = 1 if "TOKEN" in made else 0  # the API's token and the sample stand together: programs read them
        print("READY", *tokens[:first], *sample, *tokens[first:], sep="\n", flush=True)
        if house.setup_url is not None:
            print(f"Nobody can log in yet. Make the first admin, within a day: {house.setup_url}", file=sys.stderr)

    with only_desk(settings.desk.data_dir):
        redactor = Redactor(settings.secrets())
        set_up_logs(settings.desk.data_dir / "logs", redactor)
        sample = (lambda desk: sample_alert(desk, passphrase)) if demo else None
        mood = Mood(demo=demo, live=live, sample=sample, learn=redactor.add)
        try:
            asyncio.run(run_until_stopped(settings, mood, listening, ready))
        except Damaged as error:
            raise Broken(f"{error}\n{way_back(settings)}") from error
    return EXIT_DONE


def _check(options: argparse.Namespace) -> int:
    settings = load_settings(options.settings)
    for line in check_settings(settings):
        print(line)
    return EXIT_DONE


def _kill(options: argparse.Namespace) -> int:
    settings = load_settings(options.settings)
    halt = Halt(datetime.now(UTC), "owner", "command line")
    FileLatch(settings.desk.data_dir).set(halt)
    tell_halt(settings, text_of(halt))
    print("HALTED: no new risk until `openoutcry arm` or /arm")
    return EXIT_DONE


def _arm(options: argparse.Namespace) -> int:
    settings = load_settings(options.settings)
    FileLatch(settings.desk.data_dir).clear()
    tell_halt(settings, "")
    print("ACTIVE: trading is allowed again")
    return EXIT_DONE


def _show_targets(options: argparse.Namespace) -> int:
    from openoutcry.hub import show_targets  # noqa: PLC0415 - as above

    for line in show_targets(load_settings(options.settings), options.src, verbose=options.verbose):
        print(line)
    return EXIT_DONE


def _rehearse(options: argparse.Namespace) -> int:
    from openoutcry.rehearsal import rehearse  # noqa: PLC0415 - as above

    if options.count < 1:
        return _fail("--count: must be at least 1", EXIT_USAGE)
    took = rehearse(options.count, (lambda _line: None) if options.quiet else print)
    print(f"{took:.6f}" if options.quiet else f"{options.count} alerts handed over, in order")
    return EXIT_DONE


def _distribute(options: argparse.Namespace) -> int:
    from openoutcry.distribute import distribute  # noqa: PLC0415 - as above

    distribute(options.ws_url, options.token_file, options.src, options.delay, options.log_level)
    return EXIT_DONE
