"""`python -m subgraphs events ...`: what contexts tell one another, what got stuck, and how to have it taken again.

    python -m subgraphs events list
    python -m subgraphs events backlog [--only crm]
    python -m subgraphs events dead [--only crm] [--tenant ID]
    python -m subgraphs events replay [--only crm] (--all | EVENT ...)
    python -m subgraphs events resend --only directory [--name directory.review_posted] [--since 2026-01-31T12:00]
    python -m subgraphs events retell --only crm [--tenant ID]
    python -m subgraphs events schemas --out schema/events

They look at all tenants, with the log-in of the tables' owner.
"""

import argparse
import asyncio
import importlib
import importlib.util
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from resolvers.settings import Settings
from subgraphs import CONTEXTS

__all__ = ["add_event_commands", "run_event_command", "subscriptions_of"]


def subscriptions_of(context: str) -> list[Any]:
    """What a context listens to (`resolvers.events.subscriptions.Subscription`), by name."""
    from resolvers.events.subscriptions import subscriptions_in  # noqa: PLC0415 - `sdl` needs none of it

    module = _module(context, "consumers")
    return [] if module is None else subscriptions_in(module)


def add_event_commands(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    """Adds what follows `events` on the command line.

    Args:
        shared: the option `--only`.
    """
    commands = parser.add_subparsers(dest="event_command", required=True)
    commands.add_parser("list", help="show which events there are, and who listens")
    commands.add_parser("backlog", parents=[shared], help="show how many events are on their way or stuck")
    dead = commands.add_parser("dead", parents=[shared], help="show events that were given up, and why")
    dead.add_argument("--tenant", type=UUID, metavar="ID")
    replay = commands.add_parser("replay", parents=[shared], help="have events that were given up tried again")
    replay.add_argument("events", nargs="*", type=UUID, metavar="EVENT")
    replay.add_argument("--all", action="store_true", dest="everything")
    replay.add_argument("--tenant", type=UUID, metavar="ID")
    resend = commands.add_parser(
        "resend", parents=[shared], help="send events again; who has dealt with one does not do so twice"
    )
    resend.add_argument("--name", metavar="EVENT", help="only events of this name")
    resend.add_argument("--since", type=_moment, metavar="MOMENT", help="only what happened from then on; UTC")
    retell = commands.add_parser("retell", parents=[shared], help="tell of all that there is, for new listeners")
    retell.add_argument("--tenant", type=UUID, metavar="ID")
    schemas = commands.add_parser("schemas", help="write the schemas, unless a change breaks who listens")
    schemas.add_argument("--out", type=Path, required=True, metavar="DIR")


def run_event_command(options: argparse.Namespace, settings: Settings) -> int:
    """Runs the command and returns the exit status."""
    match options.event_command:
        case "list":
            return _list()
        case "schemas":
            return write_schemas(options.out)
        case "replay" if not options.everything and not options.events:
            _say("Name the events, or all of them with --all.")
            return 2
    return asyncio.run(_with_databases(options, settings))


def write_schemas(out: Path) -> int:
    """Writes `<event>.v<version>.json` files; nothing, and status 1, if an event or its readers would break.

    The files that are there are what events were until now: they are compared with before they are replaced.
    """
    from resolvers.events.declaration import declared_in  # noqa: PLC0415 - as above
    from resolvers.events.schemas import incompatibilities, reader_problems, schema_of  # noqa: PLC0415

    problems: list[str] = []
    schemas: dict[tuple[str, int], dict[str, Any]] = {}
    for context in CONTEXTS:
        module = _module(context, "events")
        for declared in () if module is None else declared_in(module):
            if declared.name.partition(".")[0] != context:
                problems.append(f"{declared.name}: is declared by {context}, so its name must begin with that")
            schemas[declared.name, declared.version] = schema_of(declared)
    known = {file.name: json.loads(file.read_text()) for file in sorted(out.glob("*.json"))}
    for (name, version), schema in schemas.items():
        before = known.pop(_file(name, version), None)
        found = [] if before is None else incompatibilities(before, schema)
        problems += [f"{name} version {version}: {each}. Declare version {version + 1} beside it." for each in found]
    problems += [
        f"{file}: no context declares this any more. Delete the file once none of it can be on its way."
        for file in known
    ]
    for context in CONTEXTS:
        for subscription in subscriptions_of(context):
            published = schemas.get((subscription.event, subscription.version))
            if published is None:
                found = [f"{subscription.name} listens to what nobody publishes"]
            else:
                found = reader_problems(published, subscription)
            problems += [f"{subscription.event} version {subscription.version}: {each} ({context})" for each in found]
    if problems:
        for problem in problems:
            _say(problem)
        return 1
    out.mkdir(parents=True, exist_ok=True)
    for (name, version), schema in schemas.items():
        (out / _file(name, version)).write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")
    return 0


def _list() -> int:
    from resolvers.events.declaration import declared_in  # noqa: PLC0415 - as above

    listeners: dict[tuple[str, int], list[str]] = {}
    for context in CONTEXTS:
        for each in subscriptions_of(context):
            listeners.setdefault((each.event, each.version), []).append(f"{context} ({each.name})")
    for context in CONTEXTS:
        module = _module(context, "events")
        for declared in () if module is None else declared_in(module):
            heard = ", ".join(listeners.get((declared.name, declared.version), ["nobody"]))
            sys.stdout.write(f"{declared.name} v{declared.version}, about {declared.about}: {heard}\n")
    return 0


async def _with_databases(options: argparse.Namespace, settings: Settings) -> int:
    from resolvers.events.operations import dead_events, replay, resend  # noqa: PLC0415 - as above
    from resolvers.session import Database  # noqa: PLC0415

    for context in options.only or CONTEXTS:
        database = Database(settings.admin_url(), context, pool_size=1)
        try:
            match options.event_command:
                case "backlog":
                    await _show_backlog(database)
                case "dead":
                    for each in await dead_events(database, options.tenant):
                        sys.stdout.write(
                            f"{context} {each.event_id} tenant {each.tenant_id} {each.subscription or '-'}"
                            f" {each.entry.get('event', '')[:200]}\n    {each.tries} tries, dead since"
                            f" {each.died_at:%Y-%m-%d %H:%M:%S}: {each.reason}\n"
                        )
                case "replay":
                    number = await replay(database, None if options.everything else options.events, options.tenant)
                    sys.stdout.write(f"{context}: {number} to be tried again\n")
                case "retell":
                    module = _module(context, "retell")
                    if module is not None:
                        number = await module.retell(database, options.tenant)
                        sys.stdout.write(f"{context}: told of {number}\n")
                case "resend":
                    number = await resend(database, options.name, options.since)
                    sys.stdout.write(f"{context}: {number} to be sent again\n")
        finally:
            await database.close()
    return 0


async def _show_backlog(database: Any) -> None:
    from resolvers.events.backlog import backlog_of  # noqa: PLC0415 - as above

    found = await backlog_of(database)
    sys.stdout.write(
        f"{found.context}: {found.unconfirmed} unconfirmed (the oldest {found.oldest_s:.0f} s old),"
        f" {found.waiting} tried again, {found.dead} dead\n"
    )


def _module(context: str, name: str) -> Any:
    """`subgraphs.<context>.<name>`, or None if the context has none."""
    full = f"subgraphs.{context}.{name}"
    return importlib.import_module(full) if importlib.util.find_spec(full) is not None else None


def _file(name: str, version: int) -> str:
    return f"{name}.v{version}.json"


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a moment: {value!r}; like 2026-01-31T12:00") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
