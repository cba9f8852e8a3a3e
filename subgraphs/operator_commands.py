"""`python -m subgraphs operators ...`: those who run the platform. `brain operator` is the same for an instance here.

    python -m subgraphs operators add NAME [--scope platform:analytics ...] [--days 90]
    python -m subgraphs operators revoke NAME
    python -m subgraphs operators list
    python -m subgraphs operators audit

They need the log-in of the tables' owner; the subgraphs' own cannot read or write what these do.
"""

import argparse
import asyncio
import getpass
import importlib
import sys
from typing import Any

from resolvers.settings import Settings

__all__ = ["add_operator_commands", "run_operator_command"]


def add_operator_commands(parser: argparse.ArgumentParser) -> None:
    """Adds what follows `operators` on the command line."""
    commands = parser.add_subparsers(dest="operator_command", required=True)
    add = commands.add_parser("add", help="make an operator and print the key, which is shown once")
    add.add_argument("name")
    add.add_argument("--scope", action="append", dest="scopes", metavar="SCOPE", help="platform:analytics")
    add.add_argument("--days", type=int, default=90, help="how long the key is good")
    revoke = commands.add_parser("revoke", help="end an operator's key at once")
    revoke.add_argument("name")
    commands.add_parser("list", help="show who there is and was")
    commands.add_parser("audit", help="show who was added and revoked by whom, and when keys were used")


def run_operator_command(options: argparse.Namespace, settings: Settings) -> int:
    """Runs the command and returns the exit status."""
    from resolvers.errors import DomainError  # noqa: PLC0415 - heavy imports that other commands do not need

    try:
        lines = asyncio.run(_run(options, settings))
    except DomainError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


async def _run(options: argparse.Namespace, settings: Settings) -> list[str]:
    from resolvers.context import RequestContext  # noqa: PLC0415 - as above
    from resolvers.session import Database  # noqa: PLC0415

    usecases: Any = importlib.import_module("subgraphs.identity.usecases.operators")
    actor = getpass.getuser()
    database = Database(settings.admin_url(), "identity", pool_size=1)
    try:
        async with database.session(RequestContext.system(None)) as session:
            match options.operator_command:
                case "add":
                    scopes = options.scopes or ["platform:analytics"]
                    return [await usecases.add_operator(session, options.name, scopes, options.days, actor)]
                case "revoke":
                    await usecases.revoke_operator(session, options.name, actor)
                    return [f"{options.name} is no operator any more"]
                case "list":
                    return [
                        f"{row.name} {' '.join(row.scopes)} until {row.expires_at:%Y-%m-%d %H:%M}"
                        + (f" revoked {row.revoked_at:%Y-%m-%d %H:%M}" if row.revoked_at else "")
                        for row in await usecases.operators(session)
                    ]
        async with database.session(RequestContext.system(None)) as session:
            return [
                f"{row.at:%Y-%m-%d %H:%M:%S} {row.name} {row.action} {row.actor or f'{row.times} times'}"
                for row in await usecases.operator_entries(session)
            ]
    finally:
        await database.close()
