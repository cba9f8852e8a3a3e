"""Starts, migrates and seeds the bounded contexts.

    python -m subgraphs serve --host 127.0.0.1 --port 8002 [--only crm,directory]
    python -m subgraphs migrate [--only ...] [--stand-ins]
    python -m subgraphs seed [--only ...] [--stand-ins]
    python -m subgraphs reseal [--only ...]
    python -m subgraphs rebuild [--only ...]    make what is worked out anew from what is kept
    python -m subgraphs sdl [--only ...] [--out schema/subgraphs]
    python -m subgraphs events ...              see `subgraphs.event_commands`
    python -m subgraphs operators ...           see `subgraphs.operator_commands`

Settings come from the environment, see `resolvers.settings`. All contexts run in one process, each below `/<name>/`.
`--stand-ins` adds what stands in for systems that run elsewhere (`subgraphs.STAND_INS`).
"""

import argparse
import asyncio
import importlib
import importlib.util
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from resolvers.settings import Settings
from subgraphs import CONTEXTS, STAND_INS
from subgraphs.event_commands import add_event_commands, run_event_command, subscriptions_of
from subgraphs.operator_commands import add_operator_commands, run_operator_command

_ALL = (*CONTEXTS, *STAND_INS)

_log = logging.getLogger("subgraphs")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status."""
    options = _parser().parse_args(arguments)
    settings = Settings()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if options.command == "events":
        return run_event_command(options, settings)
    if options.command == "operators":
        return run_operator_command(options, settings)
    names: tuple[str, ...] = options.only or (_ALL if options.command == "sdl" else CONTEXTS)
    if options.stand_ins:
        names = tuple(name for name in _ALL if name in names or name in STAND_INS)
    if options.command == "serve":
        return _serve(names, settings, options.host, options.port)
    if options.command == "migrate":
        asyncio.run(migrate_all(names, settings))
    elif options.command == "seed":
        asyncio.run(seed_all(names, settings))
    elif options.command == "reseal":
        asyncio.run(reseal_all(names, settings))
    elif options.command == "rebuild":
        asyncio.run(rebuild_all(names, settings))
    else:
        _print_sdl(names, options.out)
    return 0


def create_app(names: Sequence[str], settings: Settings) -> Any:
    """One ASGI application (Starlette) that serves the contexts `names`, and passes on and takes in their events."""
    from starlette.applications import Starlette  # noqa: PLC0415 - `migrate` and `seed` need no web server
    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import Response  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    from resolvers.events.backlog import as_metrics, backlog_of  # noqa: PLC0415
    from resolvers.events.runtime import Participant, events_running, readers_of  # noqa: PLC0415

    apps = [importlib.import_module(f"subgraphs.{name}.app").create_app(settings) for name in names]

    # Who listens is known from the code of all contexts, also where they run in processes of their own.
    subscriptions = {name: subscriptions_of(name) for name in CONTEXTS}
    readers = readers_of(subscriptions)
    participants = [
        Participant(app.database, readers.get(app.name, ()), subscriptions[app.name])
        for app in apps
        if app.name in CONTEXTS
    ]

    async def metrics(_: Request) -> Response:
        found = [await backlog_of(each.database) for each in participants]
        return Response(as_metrics(found), media_type="text/plain; version=0.0.4")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in apps:
                await stack.enter_async_context(app.router.lifespan_context(app))
            await stack.enter_async_context(events_running(participants, settings))
            yield

    routes = [route for app in apps for route in app.routes]
    return Starlette(routes=[*routes, Route("/metrics", metrics)], lifespan=lifespan)


async def migrate_all(names: Sequence[str], settings: Settings) -> None:
    """Brings the schemas of `names` up to date."""
    from resolvers.migrations import migrate  # noqa: PLC0415 - `serve` needs no Alembic

    for name in names:
        await migrate(name, Path(__file__).parent / name / "migrations", settings)
        # Tables that another framework's migrations make.
        if importlib.util.find_spec(f"subgraphs.{name}.migrate") is not None:
            await importlib.import_module(f"subgraphs.{name}.migrate").migrate(settings)
        _log.info("migrated %s", name)


async def seed_all(names: Sequence[str], settings: Settings) -> None:
    """Writes the demo data of `names` as the owner of the tables. Rows that exist stay as they are."""
    from resolvers.sealing import seals_of  # noqa: PLC0415 - heavy imports that `sdl` does not need
    from resolvers.session import Database  # noqa: PLC0415

    for name in names:
        database = Database(settings.admin_url(), name, pool_size=2, seals=seals_of(settings, name))
        try:
            await importlib.import_module(f"subgraphs.{name}.seed").seed(database)
        finally:
            await database.close()
        _log.info("seeded %s", name)


async def reseal_all(names: Sequence[str], settings: Settings) -> None:
    """Brings the sealed columns of `names` under the newest version of their keys."""
    from resolvers.sealing import reseal, seals_of  # noqa: PLC0415 - heavy imports that `sdl` does not need
    from resolvers.session import Database  # noqa: PLC0415

    for name in names:
        metadata = importlib.import_module(f"subgraphs.{name}.tables").metadata
        database = Database(settings.admin_url(), name, pool_size=1, seals=seals_of(settings, name))
        try:
            async with database.engine.connect() as connection:
                changed = await reseal(connection, metadata, database.seals)
        finally:
            await database.close()
        _log.info("resealed %s: %d values", name, changed)


async def rebuild_all(names: Sequence[str], settings: Settings) -> None:
    """Has those of `names` that work things out in advance do so again: those that have a module `rebuild`."""
    from resolvers.session import Database  # noqa: PLC0415 - heavy imports that `sdl` does not need

    for name in names:
        if importlib.util.find_spec(f"subgraphs.{name}.rebuild") is None:
            continue
        database = Database(settings.admin_url(), name, pool_size=1)
        try:
            number = await importlib.import_module(f"subgraphs.{name}.rebuild").rebuild(database)
        finally:
            await database.close()
        _log.info("rebuilt %s: from %d", name, number)


def _serve(names: Sequence[str], settings: Settings, host: str, port: int) -> int:
    import uvicorn  # noqa: PLC0415 - a heavy import that the other commands do not need

    # The Brain in front logs requests; its own connections end within the time it is given to stop.
    uvicorn.run(
        create_app(names, settings),
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=3,
        ws="none",
    )
    return 0


def _print_sdl(names: Sequence[str], out: Path | None) -> None:
    for name in names:
        sdl = importlib.import_module(f"subgraphs.{name}.app").sdl().rstrip() + "\n"
        if out is None:
            sys.stdout.write(f"# {name}\n{sdl}" if len(names) > 1 else sdl)
        else:
            out.mkdir(parents=True, exist_ok=True)
            (out / f"{name}.graphql").write_text(sdl)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m subgraphs", description=(__doc__ or "").split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--only", type=_context_names, metavar="NAME,...", help=f"some of {', '.join(_ALL)}")
    shared.add_argument("--stand-ins", action="store_true", help=f"and {', '.join(STAND_INS)}")
    serve = commands.add_parser("serve", parents=[shared], help="serve all contexts in one process")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8002)
    commands.add_parser("migrate", parents=[shared], help="bring roles, schemas and tables up to date")
    commands.add_parser("seed", parents=[shared], help="write the demo data")
    commands.add_parser("reseal", parents=[shared], help="renew what is encrypted, after a key was rotated")
    commands.add_parser("rebuild", parents=[shared], help="make what is worked out anew, after its rules were changed")
    sdl = commands.add_parser("sdl", parents=[shared], help="print the schemas, those of stand-ins among them")
    sdl.add_argument("--out", type=Path, metavar="DIR", help="write <name>.graphql files instead")
    add_operator_commands(commands.add_parser("operators", help="make and end those who run the platform"))
    add_event_commands(commands.add_parser("events", help="look after what contexts tell one another"), shared)
    return parser


def _context_names(value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    unknown = [name for name in names if name not in _ALL]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"unknown context: {', '.join(unknown) or value!r}")
    return tuple(name for name in _ALL if name in names)


if __name__ == "__main__":
    sys.exit(main())
