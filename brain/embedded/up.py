"""`brain up`: take the data folder, start everything on it, keep it running, end it all."""

import asyncio
import os
import shlex
import signal
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from brain.config import BrainSettings
from brain.embedded.board import Board
from brain.embedded.component import Phase, Status
from brain.embedded.data_folder import DataFolder, find_data_folder, open_data_folder
from brain.embedded.ports import holder, is_free
from brain.embedded.process import EmbeddedError, identity
from brain.embedded.stack import Stack, brain_url, build_stack, subgraph_names
from brain.embedded.supervisor import Supervisor
from brain.graphiql import DEMO_USERS, find_vendor


def up(settings: BrainSettings, console: Console, *, fresh: bool = False) -> None:
    """Run the platform until a signal ends it.

    Raises:
        EmbeddedError: It cannot be started; nothing is left running.
    """
    began_s = time.monotonic()
    is_new = find_data_folder(settings.data_dir) is None
    if is_new:  # a start that cannot be leaves no folder behind
        check_start(settings)
    folder = open_data_folder(settings.data_dir)
    with folder.locked():
        for name in folder.end_orphans():
            console.print(f"ended {name}, left over by a run that was killed", style="yellow", highlight=False)
        if not is_new:
            check_start(settings)  # what was left over may have had the port
        if fresh:
            folder.wipe()
        stack = build_stack(settings, folder)
        asyncio.run(_supervise(stack, folder, console, began_s))


def check_start(settings: BrainSettings) -> None:
    """Look at everything that a start needs and does not make itself; changes nothing.

    Raises:
        EmbeddedError: Something is missing or taken.
    """
    check_port(settings.host, settings.port)
    subgraph_names(settings.supergraph)
    if any((settings.database_url, settings.redis_url, settings.temporal_address, settings.vault_address)):
        from brain.embedded.external import check_external  # noqa: PLC0415 - clients that nobody else needs here

        check_external(settings)


def check_port(host: str, port: int) -> None:
    """Make sure that the Brain can listen.

    Raises:
        EmbeddedError: The port is taken, by whom if the system tells, or the address is not this machine's.
    """
    if is_free(host, port):
        return
    who = holder(port)
    if who is None and is_free(host, 0):
        who = "another process"
    if who is None:
        raise EmbeddedError(f"{host} is no address of this machine: choose another with --host.")
    raise EmbeddedError(
        f"Port {port} on {host} is taken by {who}.\nEnd that, or choose another: brain up --port {port + 1}"
    )


async def _supervise(stack: Stack, folder: DataFolder, console: Console, began_s: float) -> None:
    def changed(status: Status) -> None:
        note_state(supervisor, stack, folder)
        board.changed(status)

    def ready() -> None:
        board.close()
        announce(stack, folder, console, time.monotonic() - began_s)

    supervisor = Supervisor(stack.components, folder.log_file, changed)
    board = Board(console, supervisor.statuses.values())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup a lost terminal is no reason to end.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, supervisor.stop)
    board.open()
    try:
        await supervisor.run(ready)
    finally:
        board.close()
        note_state(supervisor, stack, folder)
    console.print("everything has ended; the data is kept", style="dim", highlight=False)


def note_state(supervisor: Supervisor, stack: Stack, folder: DataFolder) -> None:
    """Note in the data folder what runs now, for `brain status` and for the next start after a crash."""
    folder.note_state(
        {
            "supervisor": {
                "pid": os.getpid(),
                "identity": identity(os.getpid()),
                "port": stack.settings.port,
                "url": brain_url(stack.settings),
            },
            "components": {
                name: {
                    "phase": status.phase,
                    "pid": status.pid if status.phase is not Phase.DONE else None,
                    "identity": status.identity,
                    "restarts": status.restarts,
                    "address": status.component.address,
                    "note": status.note.partition("\n")[0],
                }
                for name, status in supervisor.statuses.items()
            },
        }
    )


def announce(stack: Stack, folder: DataFolder, console: Console, seconds: float) -> None:
    """Print where everything is, who can log in, and a first request."""
    url = brain_url(stack.settings)
    program = _program()
    console.print(f"\n[bold green]ready[/] in {seconds:.1f} s\n", highlight=False)
    missing = "" if find_vendor(folder.path) else "   (its files are still being fetched)"
    for name, text in (
        ("GraphiQL", f"{url}/graphiql{missing}"),
        ("console", f"{url}/console"),
        ("GraphQL", f"{url}/graphql"),
        ("health", f"{url}/health"),
        ("Temporal", stack.settings.temporal_ui_url or ""),
        ("data, logs", f"{folder.path}  ({program} logs, {program} status)"),
    ):
        if text:
            console.print(f"[bold]{name:<10}[/]  {escape(text)}", highlight=False, soft_wrap=True)
    if stack.settings.demo_data:
        console.print("\n[bold]Demo log-ins[/]")
        console.print(demo_table())
        console.print("\n[bold]A first request[/]")
        console.print(escape(first_request(url, program)), highlight=False, soft_wrap=True)
    console.print("\nCtrl-C ends it all; the data is kept.", style="dim")


def demo_table() -> Table:
    """Return the table of demo users: tenant, role, e-mail, password."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("tenant", "role", "e-mail", "password"):
        table.add_column(heading, no_wrap=True)
    for user in DEMO_USERS:
        table.add_row(user.tenant, user.role, user.email, user.password)
    return table


def first_request(url: str, program: str) -> str:
    """Return a shell command that asks the running platform a question across all contexts, as a demo user."""
    query = "{ leads(first: 3) { edges { node { name assignee { name } business { name owner { name } } } } } }"
    token = f'-H "authorization: Bearer $({program} token --url {url})"'
    body = f'{{"query": "{query}"}}'
    return f"curl -s {url}/graphql {token} -H 'content-type: application/json' \\\n  -d '{body}'"


def _program() -> str:
    """Return what to type for this program, as short as it can be from here."""
    path = Path(sys.argv[0])
    if not path.is_absolute():
        path = path.absolute()
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
