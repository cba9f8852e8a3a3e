"""The command line: ``brain up`` and what goes with it.

Only what a command needs is imported by it: `brain --help` must not wait for the router or a database driver.
"""

import json
import os
import re
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from brain.agents_cli import agents_app
from brain.cli_client import log_in, running_url
from brain.config import BrainSettings, ConfigError, load_settings
from brain.config_reference import json_schema, table
from brain.operator_cli import operator_app
from brain.subgraph_cli import subgraph_app
from brain.vault_cli import vault_app

if TYPE_CHECKING:
    from brain.embedded.data_folder import DataFolder

app = typer.Typer(
    name="brain", help="A multi-tenant business platform behind one GraphQL supergraph.", no_args_is_help=True
)
config_app = typer.Typer(help="The settings: their schema, their table, their values.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(agents_app, name="agents")
app.add_typer(vault_app, name="vault")
app.add_typer(subgraph_app, name="subgraph")
app.add_typer(operator_app, name="operator")

console = Console()
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder of all data (BRAIN_DATA_DIR).")]
Port = Annotated[int | None, typer.Option("--port", help="Port of the Brain (BRAIN_PORT).")]


def main() -> None:
    """Run the command line; a failure we foresaw is one message and status 1."""
    from brain.catalogue.yaml_source import CatalogueError  # noqa: PLC0415
    from brain.embedded.process import EmbeddedError  # noqa: PLC0415
    from brain.new_context import NewContextError  # noqa: PLC0415

    try:
        app()
    except (CatalogueError, ConfigError, EmbeddedError, NewContextError) as error:
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)


@app.command()
def up(
    port: Port = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on (BRAIN_HOST).")] = None,
    data_dir: DataDir = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete all data of this folder first.")] = False,
) -> None:
    """Start everything and keep it running until Ctrl-C: databases, subgraphs, the Brain."""
    settings = _settings(port=port, host=host, data_dir=data_dir)
    from brain.embedded.up import up as run  # noqa: PLC0415

    run(settings, console, fresh=fresh)


@app.command(name="new-context")
def new_context(
    name: Annotated[str, typer.Argument(help="What to call it: a plural in lower case, as in campaigns.")],
    entity: Annotated[
        str | None, typer.Option("--entity", help="The type that it owns; by default the name without its last s.")
    ] = None,
    plural: Annotated[
        str | None, typer.Option("--plural", help="Its table and list; by default the entity with an s.")
    ] = None,
) -> None:
    """Write a bounded context that works, with its tests, into this checkout."""
    from brain.config import project_root  # noqa: PLC0415 - loaded by whom it concerns
    from brain.new_context import generate, names_of  # noqa: PLC0415

    root = project_root()
    for path in generate(root, names_of(root, name, entity, plural)):
        console.print(str(path))
    console.print(f"Next: make check, make test ARGS=tests/subgraphs/{name}; then give it what it is for.")


@app.command()
def stop(data_dir: DataDir = None) -> None:
    """End the instance that runs on the data folder."""
    folder = _folder(data_dir)
    pid = folder.supervisor()
    if pid is None:
        console.print("nothing runs")
        ended = folder.orphans() and folder.end_orphans()
        if ended:
            console.print(f"ended what a killed run had left: {', '.join(ended)}")
        return
    os.kill(pid, signal.SIGTERM)
    with console.status("ending"):
        deadline = time.monotonic() + 10
        while folder.supervisor() is not None:
            if time.monotonic() > deadline:
                console.print(f"[red]pid {pid} has not ended within 10 s[/]")
                raise typer.Exit(1)
            time.sleep(0.05)
    console.print("ended")


@app.command()
def status(
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what runs on the data folder; status 3 if nothing does."""
    from rich.table import Table  # noqa: PLC0415

    folder = _folder(data_dir)
    running = folder.supervisor() is not None
    state = folder.state()
    if as_json:
        sys.stdout.write(json.dumps({"running": running, **state}, indent=1) + "\n")
    elif running:
        shown = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("component", "state", "pid", "restarts", "where"):
            shown.add_column(heading)
        for name, component in state["components"].items():
            pid = str(component["pid"] or "")
            where = component["note"] or component["address"]
            shown.add_row(name, component["phase"], pid, str(component["restarts"]), escape(where))
        console.print(f"{state['supervisor']['url']} (pid {state['supervisor']['pid']})", highlight=False)
        console.print(shown)
    else:
        console.print("nothing runs")
    if not running:
        raise typer.Exit(3)


@app.command()
def logs(
    component: Annotated[str | None, typer.Argument(help="One component; all if left out.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show the end of the logs."""
    from brain.embedded.process import EmbeddedError  # noqa: PLC0415

    found = {path.stem: path for path in sorted((_folder(data_dir).path / "logs").glob("*.log"))}
    if component is not None:
        if component not in found:
            raise EmbeddedError(f"There is no log of {component}; there are: {', '.join(found) or 'none'}")
        found = {component: found[component]}
    places = {}
    for name, path in found.items():
        with path.open("rb") as log:
            content = log.read()
            places[name] = log.tell()
        for line in content.decode(errors="replace").splitlines()[-lines:]:
            _log_line(name, line)
    while follow:
        for name, path in found.items():
            with path.open("rb") as log:
                log.seek(places[name] if path.stat().st_size >= places[name] else 0)
                for line in log.read().decode(errors="replace").splitlines():
                    _log_line(name, line)
                places[name] = log.tell()
        try:
            time.sleep(0.3)
        except KeyboardInterrupt:
            return


@app.command()
def demo() -> None:
    """Show the log-ins of the demo tenants."""
    from brain.embedded.up import demo_table  # noqa: PLC0415

    console.print(demo_table())


@app.command()
def token(
    email: Annotated[str, typer.Argument(help="Who logs in.")] = "ada@acme.example",
    password: Annotated[str | None, typer.Option("--password", help="A demo user's own if left out.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Of the Brain, if not the local one.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Log in through the running Brain and print the access token (of a demo user, unless told otherwise)."""
    sys.stdout.write(f"{log_in(url or running_url(data_dir), email, password)}\n")


@app.command()
def keys(
    folder: Annotated[Path, typer.Argument(help="Where to put them.")],
    *,
    rotate_context: Annotated[
        bool, typer.Option("--rotate-context", help="Begin a new secret for the context header; the last one stays.")
    ] = False,
) -> None:
    """Make the keys of an installation that `brain up` does not run; existing ones stay."""
    from brain.embedded.keys import write_key_folders  # noqa: PLC0415
    from brain.embedded.stack import context_names  # noqa: PLC0415

    write_key_folders(folder, context_names(load_settings().supergraph), rotate_context=rotate_context)
    console.print(f"the keys are in {folder}", highlight=False)


@app.command()
def probe(url: Annotated[str, typer.Argument(help="What to get.")]) -> None:
    """Ask a URL for its health; status 1 unless it answers 200. For health checks of containers."""
    from brain.embedded.stack import answers  # noqa: PLC0415

    if not answers(url, timeout_s=2):
        raise typer.Exit(1)


@app.command()
def doctor(
    port: Port = None,
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what is wrong and how to mend it; status 1 if anything is."""
    from brain.doctor import examine  # noqa: PLC0415

    findings = []
    with Console(stderr=True).status("looking"):
        for finding in examine(lambda: _settings(port=port, data_dir=data_dir)):
            findings.append(finding)
            if not as_json:
                style = {"ok": "green", "note": "yellow", "wrong": "red"}[finding.verdict]
                console.print(
                    f"[{style}]{finding.verdict:>5}[/]  [bold]{finding.name}[/]: {escape(finding.text)}", soft_wrap=True
                )
                if finding.remedy:
                    console.print(f"       [dim]mend it:[/] {escape(finding.remedy)}", soft_wrap=True)
    failed = any(finding.verdict == "wrong" for finding in findings)
    if as_json:
        document = {"ok": not failed, "findings": [asdict(finding) for finding in findings]}
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    raise typer.Exit(1 if failed else 0)


@config_app.command("schema")
def config_schema(out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None) -> None:
    """Write the JSON schema of brain.yaml."""
    _write(json_schema(), out)


@config_app.command("table")
def config_table(out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None) -> None:
    """Write the reference page of all settings."""
    _write(table(), out)


@config_app.command("show")
def config_show() -> None:
    """Print the settings in force, as environment variables; passwords hidden."""
    for name, value in _settings().environment().items():
        shown = re.sub(r"(?<=:)[^:@/]+(?=@)", "***", value)
        sys.stdout.write(f"{name}={'***' if name.endswith('PASSWORD') else shown}\n")


def _settings(**overrides: Any) -> BrainSettings:
    return load_settings(**overrides)


def _folder(data_dir: Path | None) -> "DataFolder":
    from brain.embedded.data_folder import find_data_folder  # noqa: PLC0415
    from brain.embedded.process import EmbeddedError  # noqa: PLC0415

    path = _settings(data_dir=data_dir).data_dir
    folder = find_data_folder(path)
    if folder is None:
        raise EmbeddedError(f"There is no data in {path} yet: `brain up` makes it.")
    return folder


def _log_line(name: str, line: str) -> None:
    console.print(f"[cyan]{name:>9}[/] {escape(line)}", highlight=False, soft_wrap=True)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
